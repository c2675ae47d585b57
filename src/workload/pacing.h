// When each input of an open loop is due: a fixed schedule that does not wait for the system, so that a
// stall shows as latency and backlog instead of silently sending less (no coordinated omission).
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/invariant.h"

namespace squall::workload {

struct Pacing {
  double per_second = 500;
  // So many inputs are due at the same instant. 1 = evenly spaced; more makes sure that a kill finds work
  // in every stage of the system.
  std::uint32_t burst = 1;
};

// The offset of input number `index` from the start of the load.
inline base::Nanos due_offset(const Pacing& pacing, std::uint64_t index) {
  SQUALL_CHECK(pacing.per_second > 0 && pacing.burst > 0);
  const std::uint64_t burst_number = index / pacing.burst;
  const double seconds = static_cast<double>(burst_number * pacing.burst) / pacing.per_second;
  return base::Nanos{static_cast<std::int64_t>(seconds * 1e9)};
}

}  // namespace squall::workload
