#include "router/messages/effect_id.h"

#include <fmt/format.h>
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
  std::string hex;
  hex.reserve(2 * std::size_t{size});
  for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
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
