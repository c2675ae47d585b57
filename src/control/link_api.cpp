#include "control/link_api.h"

#include <charconv>

#include "control/link_json.h"

namespace squall::control {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::unexpected<ApiError> fail(int status, std::string text) {
  return std::unexpected(ApiError{status, std::move(text)});
}
Answer answer(int status, const ordered_json& body) { return http::json_response(status, dump(body)); }
Answer nothing() { return http::Response{.status = 204}; }

std::expected<json, ApiError> body_of(const Call& call) {
  try {
    return json::parse(call.request.body);
  } catch (const json::exception& error) {
    std::string_view text = error.what();  // "[json.exception.parse_error.101] parse error at line 1, …"
    if (const auto end = text.find("] "); text.starts_with('[') && end != text.npos)
      text.remove_prefix(end + 2);
    return fail(400, fmt::format("bad request body: {}", text));
  }
}

std::unexpected<ApiError> no_link(const Call& call) {
  return fail(404, fmt::format("no link {}", call.parts[0]));
}

// A sentence about what was sent; a port that is taken is a conflict.
std::unexpected<ApiError> refused(const base::Error& error) {
  const bool taken = error.message().find("cannot listen on") != std::string::npos;
  return fail(taken ? 409 : 400, error.message());
}

Answer list_links(const Call& call) {
  ordered_json links = ordered_json::array();
  for (const proxy::LinkStatus& link : call.links.status()) links.push_back(to_json(link));
  return answer(200, links);
}

Answer create_link(const Call& call) {
  const auto body = body_of(call);
  if (!body) return std::unexpected(body.error());
  proxy::LinkSettings settings{.seed = call.desk.seed};
  if (const auto read = read_link(*body, settings); !read) return refused(read.error());
  if (call.links.has_link(settings.name)) return fail(409, fmt::format("there is a link {}", settings.name));
  const auto added = call.links.add(std::move(settings));
  if (!added) return refused(added.error());
  return answer(201, to_json(*added));
}

Answer show_link(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_link(call);
  return answer(200, to_json(*link));
}

Answer change_link(const Call& call) {
  const auto before = call.links.status(call.parts[0]);
  if (!before) return no_link(call);
  const auto body = body_of(call);
  if (!body) return std::unexpected(body.error());
  proxy::LinkSettings settings = before->settings;
  if (const auto read = read_link(*body, settings); !read) return refused(read.error());
  if (settings.listen == before->listen) settings.listen = before->settings.listen;
  const auto after = call.links.update(call.parts[0], std::move(settings));
  if (!after) return refused(after.error());
  return answer(200, to_json(*after));
}

Answer delete_link(const Call& call) {
  if (!remove_link(call.links, call.desk, call.parts[0])) return no_link(call);
  return nothing();
}

std::expected<fault::LinkFault, ApiError> fault_of(const json& body) {
  auto fault = fault::link_fault_from_json(body);
  if (!fault) return fail(400, fault.error().message());
  return *std::move(fault);
}

Answer list_faults(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_link(call);
  return answer(200, to_json(*link)["faults"]);
}

Answer create_fault(const Call& call) {
  const std::string& link = call.parts[0];
  if (!call.links.has_link(link)) return no_link(call);
  const auto body = body_of(call);
  if (!body) return std::unexpected(body.error());
  auto fault = fault_of(*body);
  if (!fault) return std::unexpected(fault.error());
  const bool known = call.desk.toxics.find(link, fault->name) != nullptr;
  if (known || call.links.has_fault(link, fault->name)) {
    return fail(409, fmt::format("link {}: there is a fault {}", link, fault->name));
  }
  const auto added = call.links.add_fault(link, *std::move(fault));
  if (!added) return refused(added.error());
  return answer(201, to_json(*added));
}

Answer show_fault(const Call& call) {
  const auto link = call.links.status(call.parts[0]);
  if (!link) return no_link(call);
  for (const proxy::FaultStatus& fault : link->faults) {
    if (fault.fault.name == call.parts[1]) return answer(200, to_json(fault));
  }
  return fail(404, fmt::format("link {}: no fault {}", call.parts[0], call.parts[1]));
}

Answer replace_fault(const Call& call) {
  const std::string& link = call.parts[0];
  const std::string& name = call.parts[1];
  if (!call.links.has_link(link)) return no_link(call);
  if (!call.links.has_fault(link, name)) return fail(404, fmt::format("link {}: no fault {}", link, name));
  auto body = body_of(call);
  if (!body) return std::unexpected(body.error());
  if (body->is_object() && !body->contains("name")) (*body)["name"] = name;
  auto fault = fault_of(*body);
  if (!fault) return std::unexpected(fault.error());
  if (fault->name != name) return fail(400, fmt::format("link {}: fault {}: its name stays", link, name));
  const auto updated = call.links.update_fault(link, *std::move(fault));
  if (!updated) return refused(updated.error());
  call.desk.toxics.erase(link, name);  // what was sent to Toxiproxy's API is no longer what it is
  return answer(200, to_json(*updated));
}

Answer delete_fault(const Call& call) {
  const std::string& link = call.parts[0];
  if (!call.links.has_link(link)) return no_link(call);
  if (!call.links.has_fault(link, call.parts[1])) {
    return fail(404, fmt::format("link {}: no fault {}", link, call.parts[1]));
  }
  if (const auto removed = remove_fault(call.links, call.desk, link, call.parts[1]); !removed) {
    return fail(500, removed.error().message());
  }
  return nothing();
}

Answer list_connections(const Call& call) {
  const auto connections = call.links.connections(call.parts[0]);
  if (!connections) return no_link(call);
  const base::Instant now = base::now();
  ordered_json list = ordered_json::array();
  for (const proxy::ConnectionStatus& connection : *connections) list.push_back(to_json(connection, now));
  return answer(200, list);
}

Answer reset_connection(const Call& call) {
  if (!call.links.has_link(call.parts[0])) return no_link(call);
  const std::string& digits = call.parts[1];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  if (!is_number || !call.links.disconnect(call.parts[0], number)) {
    return fail(404, fmt::format("link {}: no connection {}", call.parts[0], digits));
  }
  return nothing();
}

Answer heal(const Call& call) {
  std::size_t faults = 0;
  for (const proxy::LinkStatus& link : call.links.status()) faults += link.faults.size();
  call.desk.toxics.clear();
  if (const auto healed = call.links.heal(); !healed) return fail(500, healed.error().message());
  return answer(200, {{"removed", faults}});
}

}  // namespace

void add_link_routes(CallRouter& router) {
  router.add("GET", "/v1/links", list_links);
  router.add("POST", "/v1/links", create_link);
  router.add("GET", "/v1/links/{}", show_link);
  router.add("PATCH", "/v1/links/{}", change_link);
  router.add("DELETE", "/v1/links/{}", delete_link);
  router.add("GET", "/v1/links/{}/faults", list_faults);
  router.add("POST", "/v1/links/{}/faults", create_fault);
  router.add("GET", "/v1/links/{}/faults/{}", show_fault);
  router.add("PUT", "/v1/links/{}/faults/{}", replace_fault);
  router.add("DELETE", "/v1/links/{}/faults/{}", delete_fault);
  router.add("GET", "/v1/links/{}/connections", list_connections);
  router.add("DELETE", "/v1/links/{}/connections/{}", reset_connection);
  router.add("POST", "/v1/heal", heal);
}

}  // namespace squall::control
