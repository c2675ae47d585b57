#include "client/credentials.h"

#include <fstream>
#include <sstream>

#include "client/nkey.h"

namespace squall::client {
namespace {

using Json = nlohmann::json;

base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || std::filesystem::is_directory(path)) return base::fail_errno("cannot read it", errno);
  return text.str();
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// The first line between "---…BEGIN <label>---…" and the next line of dashes; empty when there is none.
std::string_view section(std::string_view text, std::string_view label) {
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("---")) {
      inside = line.find(fmt::format("BEGIN {}-", label)) != std::string_view::npos;
    } else if (inside && !line.empty()) {
      return line;
    }
  }
  return {};
}

base::Result<Nkey> user_key(const Secret& seed) {
  auto key = Nkey::from_seed(seed);
  if (key && key->role() != NkeyRole::kUser) {
    return base::fail("the NKEY seed is of an {}; to log in takes a user's (SU…)", name_of(key->role()));
  }
  return key;
}

}  // namespace

std::string Credentials::describe() const {
  if (!jwt.empty()) {
    const auto claims = read_jwt(jwt);
    if (!claims) return "a JWT that cannot be read";
    const std::string owner = fmt::format("the JWT of {} ({})", claims->name, claims->subject);
    if (!claims->expires_at || *claims->expires_at > base::wall_now()) return owner;
    return fmt::format("{}, expired since {}", owner, base::format_utc(*claims->expires_at));
  }
  if (!nkey_seed.empty()) {
    const auto key = Nkey::from_seed(nkey_seed);
    return key ? "NKEY " + key->public_key() : "an NKEY that cannot be read";
  }
  if (!token.empty()) return "a token";
  return user.empty() ? "no credentials" : "user " + user;
}

base::Result<JwtClaims> read_jwt(const Secret& jwt) {
  const std::string& text = jwt.reveal();
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) {
    return base::fail("the JWT has not three parts with dots between them");
  }
  const auto body = base64url_decode(std::string_view(text).substr(first + 1, second - first - 1));
  if (!body) return base::fail("the JWT's second part is no base64");
  const Json json = Json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::fail("the JWT's second part is no JSON object");
  try {
    JwtClaims claims{.name = json.value("name", ""), .subject = json.value("sub", ""), .expires_at = {}};
    if (const std::int64_t seconds = json.value("exp", std::int64_t{0}); seconds > 0) {
      claims.expires_at = base::WallInstant(std::chrono::seconds(seconds));
    }
    return claims;
  } catch (const Json::exception&) {
    return base::fail("a field of the JWT (name, sub, exp) has the wrong type");
  }
}

base::Result<Credentials> parse_creds(std::string_view text) {
  Credentials credentials{.jwt = std::string(section(text, "NATS USER JWT")),
                          .nkey_seed = std::string(section(text, "USER NKEY SEED"))};
  if (credentials.jwt.empty()) return base::fail("no JWT behind a line BEGIN NATS USER JWT");
  if (credentials.nkey_seed.empty()) return base::fail("no seed behind a line BEGIN USER NKEY SEED");
  const auto claims = read_jwt(credentials.jwt);
  if (!claims) return std::unexpected(claims.error());
  const auto key = user_key(credentials.nkey_seed);
  if (!key) return std::unexpected(key.error());
  if (const std::string owner = key->public_key(); owner != claims->subject) {
    return base::fail("the seed is not the JWT's: it belongs to {}, the JWT to {}", owner, claims->subject);
  }
  return credentials;
}

base::Result<Credentials> read_creds_file(const std::filesystem::path& path) {
  const auto text = read_file(path);
  auto credentials = text ? parse_creds(*text) : base::Result<Credentials>(std::unexpected(text.error()));
  if (!credentials) return base::fail_within("credentials file " + path.string(), credentials.error());
  return credentials;
}

base::Result<Credentials> read_seed_file(const std::filesystem::path& path) {
  const std::string where = "NKEY file " + path.string();
  const auto text = read_file(path);
  if (!text) return base::fail_within(where, text.error());
  const std::string_view decorated = section(*text, "USER NKEY SEED");
  Credentials credentials{.nkey_seed = std::string(decorated.empty() ? trim(*text) : decorated)};
  if (const auto key = user_key(credentials.nkey_seed); !key) return base::fail_within(where, key.error());
  return credentials;
}

}  // namespace squall::client
