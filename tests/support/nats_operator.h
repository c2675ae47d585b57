// An operator with an account, as a company's NATS has it: the server's configuration, and .creds files as
// nsc writes them. Signed on the spot, with fixed keys.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "client/nkey.h"

namespace squall::testing {

class NatsOperator {
 public:
  // Lines for a server's configuration: the account ORDERS, with JetStream.
  std::string configuration() const {
    const nlohmann::json limits{{"subs", -1},        {"data", -1},         {"payload", -1}, {"imports", -1},
                                {"exports", -1},     {"wildcards", true},  {"conn", -1},    {"leaf", -1},
                                {"mem_storage", -1}, {"disk_storage", -1}, {"streams", -1}, {"consumer", -1}};
    nlohmann::json preload;
    preload[account_.public_key()] =
        jwt(operator_, account_.public_key(), "ORDERS", {{"type", "account"}, {"limits", limits}});
    preload[system_.public_key()] = jwt(operator_, system_.public_key(), "SYS", {{"type", "account"}});
    return "operator: " + jwt(operator_, operator_.public_key(), "op", {{"type", "operator"}}) +
           "\nresolver: MEMORY\nsystem_account: " + system_.public_key() +
           "\nresolver_preload: " + preload.dump() + "\n";
  }
  // Writes <folder>/<name>.creds of a user of the account.
  std::filesystem::path creds_file(const std::filesystem::path& folder, const std::string& name) const {
    const auto path = folder / (name + ".creds");
    const nlohmann::json claims{{"type", "user"}, {"subs", -1}, {"data", -1}, {"payload", -1}};
    std::ofstream(path) << "-----BEGIN NATS USER JWT-----\n"
                        << jwt(account_, user_.public_key(), name, claims)
                        << "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n"
                        << user_.seed_text().reveal() << "\n------END USER NKEY SEED------\n";
    return path;
  }

 private:
  static std::string jwt(const client::Nkey& issuer, const std::string& subject, const std::string& name,
                         nlohmann::json nats) {
    nats["version"] = 2;
    const nlohmann::json claims{{"jti", name},  {"iat", 1700000000}, {"iss", issuer.public_key()},
                                {"name", name}, {"sub", subject},    {"nats", nats}};
    const std::string body = client::base64url_encode(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
                             client::base64url_encode(claims.dump());
    return body + "." + client::base64url_encode(issuer.sign(body));
  }
  static client::Nkey key(client::NkeyRole role, std::uint8_t fill) {
    client::Nkey::Seed seed{};
    seed.fill(fill);
    return {role, seed};
  }
  client::Nkey operator_ = key(client::NkeyRole::kOperator, 3);
  client::Nkey system_ = key(client::NkeyRole::kAccount, 4);
  client::Nkey account_ = key(client::NkeyRole::kAccount, 5);
  client::Nkey user_ = key(client::NkeyRole::kUser, 6);
};

}  // namespace squall::testing
