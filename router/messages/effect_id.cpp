#include "router/messages/effect_id.h"

#include <openssl/evp.h>

#include <array>

#include "base/invariant.h"
#include "base/seed.h"

namespace router::messages {
namespace {

void append_with_length(std::string& to, std::string_view part) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>((static_cast<std::uint64_t>(part.size()) >> shift) & 0xffU));
  }
  to += part;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  SQUALL_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * std::size_t{size});
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(kDigits[digest[i] >> 4U]);
    hex.push_back(kDigits[digest[i] & 0xfU]);
  }
  return hex;
}

std::string effect_id(const EffectKey& key) {
  std::string bytes;
  append_with_length(bytes, key.tenant);
  append_with_length(bytes, key.key);
  return sha256_hex(bytes);
}

double unit_of(std::string_view effect_id) { return squall::base::Seed(0).derive(effect_id).unit(); }

}  // namespace router::messages
