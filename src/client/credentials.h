// Who we are to the server, out of the files in which NATS's tools keep it: .creds (a JWT and its seed) and
// seed files. Files are only read. No error shows what is secret in them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "client/secret.h"

namespace squall::client {

// What goes into CONNECT. Empty: left out.
struct Credentials {
  std::string user;
  Secret password;
  Secret token;
  Secret jwt;        // of a user; sent with the nonce signed by nkey_seed
  Secret nkey_seed;  // alone: the server knows our public key

  // "user squall", "a token", "NKEY UDXU…", "the JWT of worker (UDXU…)", "no credentials": for errors.
  std::string describe() const;
};

// The text of a .creds file. Errors: a part that is missing, a seed that is damaged or another's.
base::Result<Credentials> parse_creds(std::string_view text);
// Errors name the file.
base::Result<Credentials> read_creds_file(const std::filesystem::path& path);
// A file with a seed, bare or between BEGIN and END lines.
base::Result<Credentials> read_seed_file(const std::filesystem::path& path);

// What a JWT says of its owner; unchecked.
struct JwtClaims {
  std::string name;
  std::string subject;                          // the owner's public key
  std::optional<base::WallInstant> expires_at;  // nothing: never
};
base::Result<JwtClaims> read_jwt(const Secret& jwt);

}  // namespace squall::client
