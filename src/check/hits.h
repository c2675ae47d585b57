// How much unfinished work did the fault strike? A fault without hits proves nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "check/fault_window.h"
#include "check/verdict.h"

namespace squall::check {

// Inputs that the system had been given when the fault took effect, and that were finished after it or
// never. Inputs that it provably or possibly never got (failed; unknown without any effect) do not count.
struct Hits {
  std::uint64_t in_flight = 0;  // sent, acknowledged only after the fault
  // Acknowledged before the fault; [i] = waiting for the effect of stage i. [0] is "before the first effect".
  std::vector<std::uint64_t> waiting_for;

  std::uint64_t total() const;

  bool operator==(const Hits&) const = default;
};

// At least so many, where ledger.times_missing(window.unfinished_from()) says that times are missing.
Hits count_hits(const ledger::Ledger& ledger, const FaultWindow& window);

// Inconclusive without hits, and when they are not all known. Counts: `hits`, `in_flight`,
// `waiting_for.<stage>`. Examples are the inputs hit.
Verdict check_hits(const ledger::Ledger& ledger, const FaultWindow& window);

}  // namespace squall::check
