// For how long could nobody publish? The span of not-ok outcomes around a fault.
#pragma once

#include <cstdint>
#include <optional>

#include "check/fault_window.h"
#include "ledger/ledger.h"

namespace squall::check {

struct Unavailability {
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  // When the first and the last of them were attempted.
  std::optional<base::Instant> first;
  std::optional<base::Instant> last;
  // The longest time without an acknowledgement that ends (or is censored) after the fault took effect.
  base::Nanos longest_silence{0};

  bool operator==(const Unavailability&) const = default;
};

// Of the inputs attempted within the window.
Unavailability measure_unavailability(const ledger::Ledger& ledger, const FaultWindow& window);

}  // namespace squall::check
