// The id under which a request has its one decision, assignment and usage event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace router::messages {

// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view bytes);

struct EffectKey {
  std::string_view tenant;
  std::string_view key;  // the idempotency key, else the request id
};

// SHA-256 of both parts with their lengths in front, in hex: ("a","bc") and ("ab","c") differ.
std::string effect_id(const EffectKey& key);

// A number in [0, 1) that is a function of the id alone: whoever decides, and however often, chooses alike.
double unit_of(std::string_view effect_id);

}  // namespace router::messages
