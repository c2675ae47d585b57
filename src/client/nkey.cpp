#include "client/nkey.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/invariant.h"
#include "wire/base64.h"

namespace squall::client {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::uint8_t kSeedPrefix = 18 << 3;  // 'S'

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Key private_key(const Nkey::Seed& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), &EVP_PKEY_free);
  SQUALL_CHECK(key != nullptr);
  return key;
}

// CRC-16/XMODEM.
std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned>(static_cast<std::uint8_t>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = ((crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1) & 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string base32_encode(std::string_view bytes) {
  std::string text;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | static_cast<std::uint8_t>(c);
    for (bits += 8; bits >= 5; bits -= 5) text += kBase32[(buffer >> (bits - 5)) & 31U];
    buffer &= 0xffU;
  }
  if (bits > 0) text += kBase32[(buffer << (5 - bits)) & 31U];
  return text;
}

std::optional<std::string> base32_decode(std::string_view text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = kBase32.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    buffer = ((buffer << 5) | static_cast<unsigned>(value)) & 0xfffffU;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((buffer >> bits) & 0xffU);
  }
  return bytes;
}

// The text of a key: what it is, the CRC behind it, in base32.
std::string with_checksum(std::string bytes) {
  const std::uint16_t crc = crc16(bytes);
  bytes += static_cast<char>(crc & 0xffU);
  bytes += static_cast<char>(crc >> 8);
  return base32_encode(bytes);
}

std::optional<NkeyRole> to_role(std::uint8_t prefix) {
  for (const NkeyRole role : {NkeyRole::kAccount, NkeyRole::kServer, NkeyRole::kOperator, NkeyRole::kUser}) {
    if (static_cast<std::uint8_t>(role) == prefix) return role;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(NkeyRole role) {
  switch (role) {
    case NkeyRole::kAccount:
      return "account";
    case NkeyRole::kServer:
      return "server";
    case NkeyRole::kOperator:
      return "operator";
    case NkeyRole::kUser:
      return "user";
  }
  return "unknown";
}

base::Result<Nkey> Nkey::from_seed(const Secret& text) {
  constexpr std::size_t kSize = 2 + std::tuple_size_v<Seed> + 2;
  const auto bytes = base32_decode(text.reveal());
  if (!bytes) return base::fail("the NKEY seed is no base32 (A-Z, 2-7)");
  if (bytes->size() != kSize) {
    return base::fail("the NKEY seed has {} characters instead of 58", text.reveal().size());
  }
  const std::string_view body = std::string_view(*bytes).substr(0, kSize - 2);
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>((*bytes)[at]); };
  if (crc16(body) != (byte(kSize - 2) | byte(kSize - 1) << 8)) {
    return base::fail("the NKEY seed's checksum does not fit: a character is wrong");
  }
  if ((byte(0) & 0xf8U) != kSeedPrefix) return base::fail("this NKEY is no seed (a seed begins with S)");
  const auto role = to_role(static_cast<std::uint8_t>((byte(0) & 7U) << 5 | byte(1) >> 3));
  if (!role) return base::fail("the NKEY seed is of a kind that cannot log in");
  Seed seed{};
  std::copy(body.begin() + 2, body.end(), seed.begin());
  return Nkey(*role, seed);
}

std::string Nkey::public_key() const {
  const Key key = private_key(seed_);
  std::array<std::uint8_t, 32> raw{};
  std::size_t size = raw.size();
  SQUALL_CHECK(EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &size) == 1);
  std::string bytes(1, static_cast<char>(role_));
  bytes.append(raw.begin(), raw.end());
  return with_checksum(std::move(bytes));
}

Secret Nkey::seed_text() const {
  const auto role = static_cast<std::uint8_t>(role_);
  std::string bytes{static_cast<char>(kSeedPrefix | role >> 5), static_cast<char>((role & 31U) << 3)};
  bytes.append(seed_.begin(), seed_.end());
  return with_checksum(std::move(bytes));
}

std::string Nkey::sign(std::string_view bytes) const {
  const Key key = private_key(seed_);
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<std::uint8_t, 64> signature{};
  std::size_t size = signature.size();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  SQUALL_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  SQUALL_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, data, bytes.size()) == 1);
  return {signature.begin(), signature.end()};
}

std::string base64url_encode(std::string_view bytes) {
  std::string text = wire::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

base::Result<std::string> base64url_decode(std::string_view text) {
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  while (standard.size() % 4 != 0) standard += '=';
  return wire::base64_decode(standard);
}

}  // namespace squall::client
