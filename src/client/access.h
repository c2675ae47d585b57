// Where the servers are and how to log in, out of what users have: URLs, and the context files of the nats
// CLI (~/.config/nats/context/NAME.json). Files are only read, and no error shows a secret.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/connection.h"

namespace squall::client {

struct Endpoint {
  std::string host;
  std::uint16_t port = 4222;
  bool operator==(const Endpoint&) const = default;
};

struct Access {
  std::vector<Endpoint> servers;  // at least one; any of them will do
  ConnectOptions options;         // host and port are set per dial, from one of the servers

  // The options to dial server number `index`, modulo their number.
  ConnectOptions dial(std::size_t index) const;
};

// "nats://user:password@a:4222,tls://b", "a", "[::1]:4222"; a user without a password is a token. Errors: a
// scheme other than nats and tls, a port that is none, servers that want different logins.
base::Result<Access> parse_servers(std::string_view urls);

// One context file's text. `home` stands for ~ in it. Errors: no JSON object, a field of the wrong type, a
// file that it names, something that we do not do (nsc, socks_proxy); they name the field.
base::Result<Access> parse_context(std::string_view json, const std::filesystem::path& home);

// Where context files are: $XDG_CONFIG_HOME/nats, else ~/.config/nats.
struct ContextFolder {
  std::filesystem::path nats_folder;
  std::filesystem::path home;

  static ContextFolder of_user();
};
// `name` as in `nats --context NAME`; empty: the selected one. Errors name the file, and when there is no
// such context those that there are.
base::Result<Access> read_context(std::string_view name, const ContextFolder& where);

}  // namespace squall::client
