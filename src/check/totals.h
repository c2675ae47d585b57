// The one line of figures that every report prints, over the whole ledger.
#pragma once

#include <cstdint>

#include "ledger/ledger.h"

namespace squall::check {

struct Totals {
  std::uint64_t attempted = 0;
  std::uint64_t acked = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;    // outcome unknown and no effect: maybe accepted, maybe not; never a loss
  std::uint64_t recovered = 0;  // outcome unknown, but its effect shows that it was accepted
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t unexpected = 0;

  bool operator==(const Totals&) const = default;
};

Totals count_totals(const ledger::Ledger& ledger);

}  // namespace squall::check
