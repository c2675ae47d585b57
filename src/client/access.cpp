#include "client/access.h"

#include <charconv>
#include <optional>

namespace squall::client {
namespace {

struct ServerUrl {
  Endpoint server;
  bool tls = false;
  std::string user;
  std::string password;
  bool has_password = false;
};

// "%40" → "@". Nothing when it is not well formed.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || digits.size() != 2 || stop != digits.data() + 2) return std::nullopt;
    plain += static_cast<char>(value);
    at += 2;
  }
  return plain;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '/')) text.remove_suffix(1);
  return text;
}

// "host", "host:4222", "[::1]:4222". Errors show the text: there is no secret in it any more.
base::Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  const bool bracketed = text.starts_with('[');
  const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == std::string_view::npos)
    return base::fail("\"{}\": no ] behind the address", text);
  endpoint.host = std::string(bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end));
  if (endpoint.host.empty()) return base::fail("\"{}\": no host", text);
  std::string_view rest =
      host_end == std::string_view::npos ? "" : text.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return endpoint;
  rest.remove_prefix(1);
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), endpoint.port);
  if (error != std::errc{} || stop != rest.data() + rest.size() || endpoint.port == 0) {
    return base::fail("\"{}\": the port is no number from 1 to 65535", text);
  }
  return endpoint;
}

base::Result<ServerUrl> parse_url(std::string_view text) {
  ServerUrl url;
  if (const std::size_t scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, scheme_end);
    url.tls = scheme == "tls";
    if (!url.tls && scheme != "nats") {
      return base::fail("scheme {}:// is not supported; use nats:// or tls://", scheme);
    }
    text.remove_prefix(scheme_end + 3);
  }
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const std::size_t colon = login.find(':');
    url.has_password = colon != std::string_view::npos;
    const auto user = percent_decode(login.substr(0, colon));
    const auto password = percent_decode(url.has_password ? login.substr(colon + 1) : "");
    text.remove_prefix(at + 1);
    if (!user || !password) {
      return base::fail("the login of {} is not well formed (% must be followed by two hex digits)", text);
    }
    url.user = *user;
    url.password = *password;
  }
  auto server = parse_endpoint(trim(text));
  if (!server) return std::unexpected(server.error());
  url.server = std::move(*server);
  return url;
}

bool same_login(const ServerUrl& a, const ServerUrl& b) {
  return a.user == b.user && a.password == b.password;
}

}  // namespace

ConnectOptions Access::dial(std::size_t index) const {
  ConnectOptions chosen = options;
  const Endpoint& server = servers.at(index % servers.size());
  chosen.host = server.host;
  chosen.port = server.port;
  return chosen;
}

base::Result<Access> parse_servers(std::string_view urls) {
  Access access;
  std::optional<ServerUrl> login;
  while (!urls.empty()) {
    const std::size_t comma = std::min(urls.find(','), urls.size());
    const std::string_view text = trim(urls.substr(0, comma));
    urls.remove_prefix(std::min(comma + 1, urls.size()));
    if (text.empty()) continue;
    auto url = parse_url(text);
    if (!url) return base::fail_within("server URL", url.error());
    if (!url->user.empty()) {
      if (login && !same_login(*login, *url)) {
        return base::fail("server URLs: {} wants another login than {}; one run has one login",
                          url->server.host, login->server.host);
      }
      login = *url;
    }
    access.options.tls.required |= url->tls;
    access.servers.push_back(std::move(url->server));
  }
  if (access.servers.empty()) return base::fail("no server URL");
  if (login && login->has_password) {
    access.options.credentials = {.user = login->user, .password = login->password};
  } else if (login) {
    access.options.credentials = {.token = login->user};
  }
  return access;
}

}  // namespace squall::client
