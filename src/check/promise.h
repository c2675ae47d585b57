// What a system promises about each input that it acknowledged.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::check {

enum class Promise : std::uint8_t {
  at_most_once,   // an effect may be missing, but is never there twice
  at_least_once,  // an effect may be there twice, but is never missing
  exactly_once,   // neither; "effects", not deliveries: a redelivery that has no second effect is fine
};
std::string_view to_string(Promise promise);

constexpr bool allows_losses(Promise promise) { return promise == Promise::at_most_once; }
constexpr bool allows_duplicates(Promise promise) { return promise == Promise::at_least_once; }

}  // namespace squall::check
