#include "wire/server_info.h"

#include <nlohmann/json.hpp>

namespace squall::wire {
namespace {

using Json = nlohmann::json;

// Absent and null leave `out` as it is; a wrong type throws and is reported by its name.
template <typename T>
void read(const Json& json, const char* name, T& out) {
  const auto field = json.find(name);
  if (field == json.end() || field->is_null()) return;
  try {
    field->get_to(out);
  } catch (const Json::exception&) {
    throw std::invalid_argument(name);
  }
}

}  // namespace

base::Result<ServerInfo> parse_server_info(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::fail("INFO is no JSON object: \"{}\"", text.substr(0, 64));
  ServerInfo server;
  try {
    read(json, "server_id", server.server_id);
    read(json, "server_name", server.server_name);
    read(json, "version", server.version);
    read(json, "cluster", server.cluster);
    read(json, "host", server.host);
    read(json, "port", server.port);
    read(json, "max_payload", server.max_payload);
    read(json, "client_id", server.client_id);
    read(json, "headers", server.headers);
    read(json, "jetstream", server.jetstream);
    read(json, "auth_required", server.auth_required);
    read(json, "tls_required", server.tls_required);
    read(json, "tls_available", server.tls_available);
    read(json, "ldm", server.lame_duck);
    read(json, "nonce", server.nonce);
    read(json, "connect_urls", server.connect_urls);
  } catch (const std::invalid_argument& field) {
    return base::fail("INFO's field {} has the wrong type", field.what());
  }
  return server;
}

base::Result<ClientInfo> parse_client_info(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::fail("CONNECT is no JSON object: \"{}\"", text.substr(0, 64));
  ClientInfo client;
  try {
    read(json, "name", client.name);
    read(json, "lang", client.lang);
    read(json, "version", client.version);
    read(json, "headers", client.headers);
    read(json, "no_responders", client.no_responders);
    read(json, "verbose", client.verbose);
    read(json, "pedantic", client.pedantic);
  } catch (const std::invalid_argument& field) {
    return base::fail("CONNECT's field {} has the wrong type", field.what());
  }
  return client;
}

std::string to_json(const ConnectRequest& request) {
  Json json{{"verbose", request.verbose},
            {"pedantic", request.pedantic},
            {"echo", request.echo},
            {"headers", request.headers},
            {"no_responders", request.no_responders},
            {"tls_required", request.tls_required},
            {"protocol", 1},
            {"lang", "squall"},
            {"version", SQUALL_VERSION}};
  if (!request.name.empty()) json["name"] = request.name;
  if (!request.user.empty()) json["user"] = request.user;
  if (!request.password.empty()) json["pass"] = request.password;
  if (!request.token.empty()) json["auth_token"] = request.token;
  if (!request.jwt.empty()) json["jwt"] = request.jwt;
  if (!request.nkey.empty()) json["nkey"] = request.nkey;
  if (!request.signature.empty()) json["sig"] = request.signature;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace squall::wire
