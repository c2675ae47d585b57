#include "ledger/record.h"

#include <algorithm>
#include <charconv>

namespace squall::ledger {

bool Layout::valid() const {
  return !stages.empty() && stages.size() <= kMaxStages && fan_out.size() <= stages.size() &&
         std::all_of(fan_out.begin(), fan_out.end(),
                     [](std::uint32_t n) { return n >= 1 && n <= kMaxFanOut; });
}

std::optional<Stage> Layout::stage(std::string_view name) const {
  const auto found = std::find(stages.begin(), stages.end(), name);
  if (found == stages.end()) return std::nullopt;
  return static_cast<Stage>(found - stages.begin());
}

std::optional<std::uint64_t> Layout::number_of(std::string_view key) const {
  if (!key.starts_with(key_prefix)) return std::nullopt;
  const std::string_view digits = key.substr(key_prefix.size());
  // "007" and "+7" are other keys than "7".
  if (digits.empty() || (digits.front() == '0' && digits.size() > 1)) return std::nullopt;
  std::uint64_t number = 0;
  if (digits.size() <= 19) {  // no number of so many digits is too large
    for (const char c : digits) {
      const auto digit = static_cast<unsigned char>(c - '0');
      if (digit > 9) return std::nullopt;
      number = number * 10 + digit;
    }
    return number;
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace squall::ledger
