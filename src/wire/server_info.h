// The JSON of INFO and CONNECT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace squall::wire {

// What a server says of itself. Fields that are absent keep their defaults.
struct ServerInfo {
  std::string server_id;
  std::string server_name;
  std::string version;
  std::string cluster;
  std::string host;
  std::uint16_t port = 0;
  std::size_t max_payload = 1024 * 1024;
  std::uint64_t client_id = 0;
  bool headers = false;
  bool jetstream = false;
  bool auth_required = false;
  bool tls_required = false;
  bool tls_available = false;
  bool lame_duck = false;
  std::string nonce;
  std::vector<std::string> connect_urls;
};
// Errors: no JSON object, a field of the wrong type (it is named).
base::Result<ServerInfo> parse_server_info(std::string_view json);

// What any client says of itself in CONNECT. Fields that are absent keep their defaults.
struct ClientInfo {
  std::string name;
  std::string lang;
  std::string version;
  bool headers = false;
  bool no_responders = false;
  bool verbose = true;
  bool pedantic = true;
};
// Errors: no JSON object, a field of the wrong type (it is named).
base::Result<ClientInfo> parse_client_info(std::string_view json);

// What our client says of itself; empty strings are left out.
struct ConnectRequest {
  std::string name;
  std::string user;
  std::string password;
  std::string token;
  std::string jwt;
  std::string nkey;       // the public key
  std::string signature;  // of the server's nonce, base64url
  bool tls_required = false;
  bool verbose = false;
  bool pedantic = false;
  bool echo = true;
  bool headers = true;
  bool no_responders = true;
};
std::string to_json(const ConnectRequest& request);

}  // namespace squall::wire
