#include "proxy/info_rewrite.h"

#include <nlohmann/json.hpp>

namespace squall::proxy {

std::optional<std::string> rewrite_info(std::string_view text, const InfoView& view) {
  using Json = nlohmann::ordered_json;
  Json info = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!info.is_object()) return std::nullopt;
  const Json before = info;
  if (info.contains("host")) info["host"] = view.listen.host;
  if (info.contains("port")) info["port"] = view.listen.port;
  if (const auto urls = info.find("connect_urls"); urls != info.end() && urls->is_array()) {
    Json proxied = Json::array();
    for (const Json& url : *urls) {
      if (!url.is_string()) continue;
      const std::string other = view.proxied(url.get_ref<const std::string&>());
      if (!other.empty() && std::ranges::find(proxied, Json(other)) == proxied.end())
        proxied.push_back(other);
    }
    *urls = proxied;
  }
  // Web-socket addresses are not proxied at all.
  info.erase("ws_connect_urls");
  if (view.tls_required) {
    info["tls_required"] = *view.tls_required;
    if (info.contains("tls_available")) info["tls_available"] = *view.tls_required;
    info.erase("tls_verify");
  }
  if (info == before) return std::nullopt;
  return fmt::format("INFO {}\r\n", info.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace squall::proxy
