#include "control/toxiproxy_api.h"

#include <algorithm>

#include "control/listen_address.h"
#include "control/toxiproxy_bodies.h"
#include "proxy/address.h"

namespace squall::control {

namespace {

using http::Response;

std::unexpected<ApiError> fail(int status, std::string text) {
  return std::unexpected(ApiError{status, std::move(text)});
}
std::unexpected<ApiError> bad_body(std::string_view text) {
  return fail(400, fmt::format("bad request body: {}", text));
}
std::unexpected<ApiError> no_proxy() { return fail(404, "proxy not found"); }
std::unexpected<ApiError> no_toxic() { return fail(404, "toxic not found"); }

Response json(int status, std::string body) { return http::json_response(status, std::move(body)); }
Response nothing() { return {.status = 204}; }

// Those of one link as they are shown: upstream before downstream, as Toxiproxy keeps them.
std::vector<Toxic> toxics_of(const proxy::LinkStatus& link, const Desk& desk) {
  const auto known = desk.toxics.of(link.settings.name);
  std::vector<Toxic> toxics(known.begin(), known.end());
  for (const proxy::FaultStatus& fault : link.faults) {
    if (desk.toxics.find(link.settings.name, fault.fault.name) == nullptr)
      toxics.push_back(to_toxic(fault.fault));
  }
  std::ranges::stable_sort(toxics, {}, [](const Toxic& toxic) { return toxic_stream(toxic); });
  return toxics;
}

std::string toxics_text(const proxy::LinkStatus& link, const Desk& desk) {
  std::string text;
  for (const Toxic& toxic : toxics_of(link, desk)) text += (text.empty() ? "" : ",") + to_json_text(toxic);
  return "[" + text + "]";
}

std::string proxy_text(const proxy::LinkStatus& link, const Desk& desk) {
  return fmt::format(R"({{"name":{},"listen":{},"upstream":{},"enabled":{},"toxics":{}}})",
                     go_quoted(link.settings.name), go_quoted(link.listen), go_quoted(link.settings.upstream),
                     link.settings.enabled, toxics_text(link, desk));
}

std::expected<proxy::LinkSettings, ApiError> settings_of(const ProxyInput& input, const Desk& desk) {
  proxy::LinkSettings settings{.name = input.name,
                               .listen = listen_for_links(input.listen),
                               .upstream = input.upstream,
                               .enabled = input.enabled.value_or(true),
                               .seed = desk.seed};
  if (input.mode == "nats") settings.mode = proxy::LinkMode::kNats;
  if (const auto upstream = proxy::parse_host_port(input.upstream); !upstream) {
    return bad_body("upstream: " + upstream.error().message());
  }
  return settings;
}

std::expected<proxy::LinkStatus, ApiError> add(proxy::Links& links, const Desk& desk,
                                               const ProxyInput& input) {
  if (const auto mistake = listen_mistake(input.listen)) return fail(500, "listen tcp: " + *mistake);
  auto settings = settings_of(input, desk);
  if (!settings) return std::unexpected(settings.error());
  auto added = links.add(*std::move(settings));
  if (!added) return fail(500, listen_error_text(added.error()));
  return *std::move(added);
}

Answer list_proxies(const Call& call) {
  std::string text;
  for (const proxy::LinkStatus& link : call.links.status()) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", go_quoted(link.settings.name),
                        proxy_text(link, call.desk));
  }
  return json(200, "{" + text + "}");
}

Answer create_proxy(const Call& call) {
  ProxyInput input;
  if (const auto read = read_proxy(call.request.body, input); !read) return bad_body(read.error().text);
  for (const auto& [field, value] :
       {std::pair("name", &input.name), std::pair("upstream", &input.upstream)}) {
    if (value->empty()) return fail(400, fmt::format("{}: {}", kMissingField, field));
  }
  if (call.links.has_link(input.name)) return fail(409, "proxy already exists");
  const auto added = add(call.links, call.desk, input);
  if (!added) return std::unexpected(added.error());
  return json(201, proxy_text(*added, call.desk));
}

Answer show_proxy(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_proxy();
  return json(200, proxy_text(*link, call.desk));
}

Answer update_proxy(const Call& call) {
  const auto before = call.links.status(call.parts[0]);
  if (!before) return no_proxy();
  ProxyInput input{
      .listen = before->listen, .upstream = before->settings.upstream, .enabled = before->settings.enabled};
  if (const auto read = read_proxy(call.request.body, input); !read) return bad_body(read.error().text);
  if (const auto mistake = listen_mistake(input.listen)) return fail(500, *mistake);
  input.name = before->settings.name;
  const auto wanted = settings_of(input, call.desk);
  if (!wanted) return std::unexpected(wanted.error());
  proxy::LinkSettings settings = before->settings;
  settings.upstream = wanted->upstream;
  settings.enabled = wanted->enabled;
  if (input.mode) settings.mode = wanted->mode;
  // The address that it has now is no change, even if it was made with port 0.
  if (!same_listen(wanted->listen, before->listen)) settings.listen = wanted->listen;
  const auto after = call.links.update(input.name, settings);
  if (!after) return fail(500, listen_error_text(after.error()));
  return json(200, proxy_text(*after, call.desk));
}

Answer delete_proxy(const Call& call) {
  if (!remove_link(call.links, call.desk, call.parts[0])) return no_proxy();
  return nothing();
}

Answer populate_proxies(const Call& call) {
  std::optional<ApiError> error;
  std::vector<std::string> done;
  const auto inputs = read_proxies(call.request.body);
  if (!inputs) {
    const bool is_json = inputs.error().text.starts_with(kMissingField);
    error = ApiError{400, is_json ? inputs.error().text : "bad request body: " + inputs.error().text};
  } else if (const auto populated = populate(call.links, call.desk, *inputs, done); !populated) {
    error = populated.error();
  }
  std::string proxies;
  for (const std::string& name : done) {
    if (const auto link = call.links.status(name))
      proxies += (proxies.empty() ? "" : ",") + proxy_text(*link, call.desk);
  }
  // An empty list is null in Go.
  proxies = proxies.empty() ? "null" : "[" + proxies + "]";
  if (error) return json(error->status, fmt::format(R"({{{},"proxies":{}}})", error_fields(*error), proxies));
  return json(201, fmt::format(R"({{"proxies":{}}})", proxies));
}

Answer reset(const Call& call) {
  call.desk.toxics.clear();
  const auto reset = call.links.reset();
  if (!reset) return fail(500, listen_error_text(reset.error()));
  return nothing();
}

// Puts the toxic on the link, in place of the one of its name; nothing of it stays when it cannot be.
std::expected<void, ApiError> put(const Call& call, const std::string& link, Toxic toxic) {
  auto fault = to_fault(toxic);
  if (!fault) return bad_body(fault.error().message());
  const bool is_there = call.links.has_fault(link, toxic.name);
  if (!*fault) {
    if (is_there) static_cast<void>(call.links.remove_fault(link, toxic.name));
  } else {
    auto put = is_there ? call.links.update_fault(link, **fault) : call.links.add_fault(link, **fault);
    if (!put && is_there) {  // another kind of fault does the same thing for the new numbers
      static_cast<void>(call.links.remove_fault(link, toxic.name));
      put = call.links.add_fault(link, *std::move(*fault));
    }
    if (!put) return bad_body(put.error().message());
  }
  call.desk.toxics.put(link, std::move(toxic));
  return {};
}

std::optional<Toxic> find_toxic(const Call& call, const proxy::LinkStatus& link, const std::string& name) {
  if (const Toxic* known = call.desk.toxics.find(link.settings.name, name)) return *known;
  for (const proxy::FaultStatus& fault : link.faults) {
    if (fault.fault.name == name) return to_toxic(fault.fault);
  }
  return std::nullopt;
}

Answer list_toxics(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_proxy();
  return json(200, toxics_text(*link, call.desk));
}

Answer create_toxic(const Call& call) {
  const std::string& link = call.parts[0];
  const auto status = call.links.status(link);
  if (!status) return no_proxy();
  auto read = read_toxic(call.request.body);
  if (!read) return bad_body(read.error().text);
  Toxic& toxic = read->toxic;
  if (!toxic_stream(toxic)) return fail(400, "stream was invalid, can be either upstream or downstream");
  if (toxic.name.empty()) toxic.name = fmt::format("{}_{}", toxic.type, toxic.stream);
  if (!is_toxic_type(toxic.type)) return fail(400, "invalid toxic type");
  if (find_toxic(call, *status, toxic.name)) return fail(409, "toxic already exists");
  if (const auto attributes = read_attributes(read->attributes, toxic); !attributes) {
    return bad_body(attributes.error().text);
  }
  std::string text = to_json_text(toxic);
  if (const auto done = put(call, link, std::move(toxic)); !done) return std::unexpected(done.error());
  return json(200, std::move(text));
}

Answer show_toxic(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_proxy();
  const auto toxic = find_toxic(call, *link, call.parts[1]);
  if (!toxic) return no_toxic();
  return json(200, to_json_text(*toxic));
}

Answer update_toxic(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_proxy();
  auto toxic = find_toxic(call, *link, call.parts[1]);
  if (!toxic) return no_toxic();
  if (const auto read = read_toxic_update(call.request.body, *toxic); !read)
    return bad_body(read.error().text);
  std::string text = to_json_text(*toxic);
  if (const auto done = put(call, call.parts[0], *std::move(toxic)); !done)
    return std::unexpected(done.error());
  return json(200, std::move(text));
}

Answer delete_toxic(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_proxy();
  if (!find_toxic(call, *link, call.parts[1])) return no_toxic();
  if (const auto removed = remove_fault(call.links, call.desk, call.parts[0], call.parts[1]); !removed) {
    return fail(500, listen_error_text(removed.error()));
  }
  return nothing();
}

Answer version(const Call&) {
  return http::text_response(
      200, fmt::format("{{\"version\": \"{}+squall.{}\"}}\n", kToxiproxyVersion, SQUALL_VERSION),
      "application/json;charset=utf-8");
}

}  // namespace

std::expected<void, ApiError> populate(proxy::Links& links, Desk& desk, const std::vector<ProxyInput>& inputs,
                                       std::vector<std::string>& done) {
  for (const ProxyInput& input : inputs) {
    const auto existing = links.status(input.name);
    if (existing) {
      if (const auto mistake = listen_mistake(input.listen)) return fail(500, *mistake);
      if (existing->settings.upstream == input.upstream &&
          same_listen(listen_for_links(input.listen), existing->listen)) {
        done.push_back(input.name);
        continue;
      }
      static_cast<void>(remove_link(links, desk, input.name));
    }
    if (const auto added = add(links, desk, input); !added) {
      if (existing) static_cast<void>(links.add(existing->settings));
      return std::unexpected(added.error());
    }
    done.push_back(input.name);
  }
  return {};
}

http::Response toxiproxy_error(const ApiError& error) {
  Response response = http::text_response(error.status, fmt::format("{{{}}}\n", error_fields(error)));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

void add_toxiproxy_routes(CallRouter& router) {
  router.add("POST", "/reset", reset);
  router.add("GET", "/proxies", list_proxies);
  router.add("POST", "/proxies", create_proxy);
  router.add("POST", "/populate", populate_proxies);
  router.add("GET", "/proxies/{}", show_proxy);
  router.add("POST", "/proxies/{}", update_proxy);
  router.add("PATCH", "/proxies/{}", update_proxy);
  router.add("DELETE", "/proxies/{}", delete_proxy);
  router.add("GET", "/proxies/{}/toxics", list_toxics);
  router.add("POST", "/proxies/{}/toxics", create_toxic);
  router.add("GET", "/proxies/{}/toxics/{}", show_toxic);
  router.add("POST", "/proxies/{}/toxics/{}", update_toxic);
  router.add("PATCH", "/proxies/{}/toxics/{}", update_toxic);
  router.add("DELETE", "/proxies/{}/toxics/{}", delete_toxic);
  router.add("GET", "/version", version);
}

}  // namespace squall::control
