#include "http/admission.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace squall::http {

namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool is_ip_address(const std::string& name) {
  in6_addr any{};
  return inet_pton(AF_INET, name.c_str(), &any) == 1 || inet_pton(AF_INET6, name.c_str(), &any) == 1;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_allowed(const std::string& name, const AdmissionRules& rules) {
  if (is_ip_address(name) || name == "localhost" || name.ends_with(".localhost")) return true;
  return std::any_of(rules.host_names.begin(), rules.host_names.end(),
                     [&](const std::string& allowed) { return lower_case(allowed) == name; });
}

// The password of "user:password" in base64; nothing when it is none.
std::optional<std::string> basic_password(std::string_view encoded) {
  std::string text(encoded.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(encoded.data()),
                                   static_cast<int>(encoded.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = encoded.ends_with("==") ? 2 : encoded.ends_with('=') ? 1 : 0;
  text.resize(static_cast<std::size_t>(size) - padding);
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  return text.substr(colon + 1);
}

// What an Authorization header brings: a token, or the password that clients send for "http://user:token@…".
std::optional<std::string> secret_of(std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer ";
  constexpr std::string_view kBasic = "basic ";
  if (lower_case(authorization.substr(0, kBearer.size())) == kBearer) {
    return std::string(authorization.substr(kBearer.size()));
  }
  if (lower_case(authorization.substr(0, kBasic.size())) == kBasic) {
    return basic_password(authorization.substr(kBasic.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> host_name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == host.npos) return std::nullopt;
    const std::string_view rest = host.substr(end + 1);
    if (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    return lower_case(host.substr(1, end - 1));
  }
  const std::size_t colon = host.find(':');
  if (colon != host.npos && !is_port(host.substr(colon + 1))) return std::nullopt;
  std::string name = lower_case(host.substr(0, colon));
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return std::nullopt;
  return name;
}

bool same_secret(std::string_view left, std::string_view right) {
  const Digest one = digest_of(left);
  const Digest other = digest_of(right);
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::optional<Refusal> refusal_of(const Request& request, const AdmissionRules& rules) {
  if (count_headers(request.headers, "Host") != 1) return Refusal{400, "the request needs one Host header"};
  const std::string_view host = request.header("Host");
  const auto name = host_name_of(host);
  if (!name) return Refusal{400, "the Host header is no host"};
  if (!is_allowed(*name, rules)) {
    return Refusal{403,
                   fmt::format("host name {} is not allowed here: ask by IP address or localhost, or start "
                               "squall with --allow-host {}",
                               *name, *name)};
  }
  if (const auto origin = find_header(request.headers, "Origin")) {
    const std::size_t scheme = origin->find("://");
    if (scheme == origin->npos || lower_case(origin->substr(scheme + 3)) != lower_case(host)) {
      return Refusal{403, "requests from pages of another origin are not allowed"};
    }
  }
  if (request.header("Sec-Fetch-Site") == "cross-site") {
    return Refusal{403, "requests from pages of another origin are not allowed"};
  }
  if (rules.token.empty()) return std::nullopt;
  const auto given = secret_of(request.header("Authorization"));
  if (!given) {
    return Refusal{401,
                   "this API needs its token, as Authorization: Bearer TOKEN or in the URL: "
                   "http://squall:TOKEN@host:port"};
  }
  if (!same_secret(*given, rules.token)) return Refusal{401, "the token is not this API's"};
  return std::nullopt;
}

}  // namespace squall::http
