// NKEYs: Ed25519 keys as NATS writes them. A key is text: base32 of a role, 32 bytes and a CRC-16. A seed
// ("SU…") is the private half; what it signs, the server checks with the public half ("U…").
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/secret.h"

namespace squall::client {

enum class NkeyRole : std::uint8_t {
  kAccount = 0,         // "A…"
  kServer = 13 << 3,    // "N…"
  kOperator = 14 << 3,  // "O…"
  kUser = 20 << 3,      // "U…"
};
std::string_view name_of(NkeyRole role);

class Nkey {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  // Errors say what is wrong with the text, and never show it.
  static base::Result<Nkey> from_seed(const Secret& text);
  Nkey(NkeyRole role, const Seed& seed) : role_(role), seed_(seed) {}

  NkeyRole role() const { return role_; }
  // "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
  std::string public_key() const;
  Secret seed_text() const;
  // 64 bytes.
  std::string sign(std::string_view bytes) const;

 private:
  NkeyRole role_;
  Seed seed_;
};

// Base64 for URLs without padding, as JWTs and signatures are written.
std::string base64url_encode(std::string_view bytes);
base::Result<std::string> base64url_decode(std::string_view text);

}  // namespace squall::client
