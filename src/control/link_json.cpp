#include "control/link_json.h"

#include <algorithm>
#include <array>

#include "fault/json_fields.h"

namespace squall::control {

using nlohmann::ordered_json;

namespace {

using Upgrade = proxy::LinkTls::Upgrade;
constexpr std::array<std::string_view, 3> kUpgrades{"none", "after_info", "first"};

std::string_view name_of(Upgrade upgrade) { return kUpgrades[static_cast<std::size_t>(upgrade)]; }

ordered_json to_json(const proxy::LinkTls& tls) {
  ordered_json json{{"client", name_of(tls.client)}, {"server", name_of(tls.server)}};
  const auto add = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  add("certificate_file", tls.certificate_file);
  add("key_file", tls.key_file);
  add("server_ca_file", tls.server_ca_file);
  add("server_name", tls.server_name);
  add("client_certificate_file", tls.client_certificate_file);
  add("client_key_file", tls.client_key_file);
  return json;
}

base::Result<void> read_upgrade(fault::JsonFields& fields, const char* name, Upgrade& into) {
  const auto word = fields.text(name, "none");
  if (!word) return std::unexpected(word.error());
  const auto at = std::ranges::find(kUpgrades, *word);
  if (at == kUpgrades.end()) {
    return base::fail("link: tls: {} must be one of {}, not {}", name, fmt::join(kUpgrades, ", "), *word);
  }
  into = static_cast<Upgrade>(at - kUpgrades.begin());
  return {};
}

base::Result<proxy::LinkTls> read_tls(const nlohmann::json& object) {
  if (!object.is_object()) return base::fail("link: tls must be an object");
  fault::JsonFields fields(object, "link: tls");
  proxy::LinkTls tls;
  if (auto read = read_upgrade(fields, "client", tls.client); !read) return std::unexpected(read.error());
  if (auto read = read_upgrade(fields, "server", tls.server); !read) return std::unexpected(read.error());
  struct File {
    const char* name;
    std::string* into;
  };
  for (const File& file : {File{"certificate_file", &tls.certificate_file}, File{"key_file", &tls.key_file},
                           File{"server_ca_file", &tls.server_ca_file}, File{"server_name", &tls.server_name},
                           File{"client_certificate_file", &tls.client_certificate_file},
                           File{"client_key_file", &tls.client_key_file}}) {
    auto text = fields.text(file.name, "");
    if (!text) return std::unexpected(text.error());
    *file.into = *std::move(text);
  }
  if (auto others = fields.no_others(); !others) return std::unexpected(others.error());
  return tls;
}

std::string_view name_of(proxy::LinkMode mode) { return mode == proxy::LinkMode::kNats ? "nats" : "bytes"; }

}  // namespace

ordered_json to_json(const proxy::LinkStatus& link) {
  ordered_json faults = ordered_json::array();
  for (const proxy::FaultStatus& fault : link.faults) faults.push_back(to_json(fault));
  return {{"name", link.settings.name},
          {"listen", link.listen},
          {"upstream", link.settings.upstream},
          {"enabled", link.settings.enabled},
          {"mode", name_of(link.settings.mode)},
          {"tls", to_json(link.settings.tls)},
          {"aliases", link.settings.aliases},
          {"most_held", link.settings.most_held},
          {"seed", link.settings.seed},
          {"listening", link.listening},
          {"connections", link.connections},
          {"accepted", link.accepted},
          {"refused", link.refused},
          {"bytes_up", link.bytes_up},
          {"bytes_down", link.bytes_down},
          {"held", link.held},
          {"full", link.full},
          {"moments_timed_out", link.moments_timed_out},
          {"faults", std::move(faults)}};
}

ordered_json to_json(const proxy::FaultStatus& fault) {
  ordered_json json = fault::to_json(fault.fault);
  json["description"] = describe(fault.fault);
  json["effect"] = {{"connections", fault.effect.connections},
                    {"bytes", fault.effect.bytes},
                    {"frames", fault.effect.frames},
                    {"cut", fault.effect.cut}};
  return json;
}

ordered_json to_json(const proxy::ConnectionStatus& connection, base::Instant now) {
  return {{"number", connection.number},
          {"peer", connection.peer},
          {"client", connection.client},
          {"age_ms", base::to_ms(now - connection.opened)},
          {"bytes_up", connection.bytes_up},
          {"bytes_down", connection.bytes_down},
          {"frames_up", connection.frames_up},
          {"frames_down", connection.frames_down},
          {"held", connection.held},
          {"faults", connection.faults},
          {"unreadable", connection.unreadable}};
}

ordered_json to_json(const proxy::ProxyEvent& event, const base::WallAnchor& anchor) {
  ordered_json json{{"at", base::format_utc(anchor.to_wall(event.at))}, {"link", event.link}};
  if (event.connection > 0) json["connection"] = event.connection;
  if (!event.client.empty()) json["client"] = event.client;
  if (!event.fault.empty()) json["fault"] = event.fault;
  if (!event.text.empty()) json["text"] = event.text;
  if (event.moment) {
    const proxy::MomentEvent& moment = *event.moment;
    json["moment"] = {{"id", moment.id},
                      {"watch", moment.watch},
                      {"subject", moment.subject},
                      {"stream", moment.stream},
                      {"consumer", moment.consumer},
                      {"stream_seq", moment.stream_seq},
                      {"delivered", moment.delivered}};
  }
  return json;
}

base::Result<void> read_link(const nlohmann::json& object, proxy::LinkSettings& settings) {
  if (!object.is_object()) return base::fail("link: must be an object");
  fault::JsonFields fields(object, "link");
  const std::string mode_now(name_of(settings.mode));
  struct Text {
    const char* name;
    std::string* into;
  };
  for (const Text& each : {Text{"name", &settings.name}, Text{"listen", &settings.listen},
                           Text{"upstream", &settings.upstream}}) {
    const bool may_be_absent = !each.into->empty();
    auto text = fields.text(each.name, may_be_absent ? std::optional(*each.into) : std::nullopt);
    if (!text) return std::unexpected(text.error());
    *each.into = *std::move(text);
  }
  auto mode = fields.text("mode", mode_now);
  if (!mode) return std::unexpected(mode.error());
  if (*mode != "bytes" && *mode != "nats")
    return base::fail("link: mode must be bytes or nats, not {}", *mode);
  settings.mode = *mode == "nats" ? proxy::LinkMode::kNats : proxy::LinkMode::kBytes;
  auto enabled = fields.flag("enabled", settings.enabled);
  if (!enabled) return std::unexpected(enabled.error());
  settings.enabled = *enabled;
  if (const nlohmann::json* const tls = fields.find("tls"); tls != nullptr) {
    auto read = read_tls(*tls);
    if (!read) return std::unexpected(read.error());
    settings.tls = *std::move(read);
  }
  if (fields.find("aliases") != nullptr) {
    auto aliases = fields.texts("aliases");
    if (!aliases) return std::unexpected(aliases.error());
    settings.aliases = *std::move(aliases);
  }
  auto most_held = fields.count("most_held");
  if (!most_held) return std::unexpected(most_held.error());
  if (*most_held) settings.most_held = static_cast<std::size_t>(**most_held);
  auto seed = fields.count("seed");
  if (!seed) return std::unexpected(seed.error());
  if (*seed) settings.seed = **seed;
  return fields.no_others();
}

std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace squall::control
