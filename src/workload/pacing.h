// When each input of an open loop is due: a fixed schedule that does not wait for the system, so that a
// stall shows as latency and backlog instead of silently sending less (no coordinated omission). Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace squall::workload {

// A span in which the rate goes from one value to another in a straight line.
struct Stretch {
  double from = 0;  // inputs per second
  double to = 0;
  base::Nanos lasts{};
};

struct Pacing {
  double per_second = 500;
  // So many inputs are due at the same instant. 1 = evenly spaced; more makes sure that a kill finds work
  // in every stage of the system.
  std::uint32_t burst = 1;
  // Come first, one after the other; then it is `per_second` for good.
  std::vector<Stretch> before;
};

// From nothing to `per_second` within `over`, then steady.
Pacing ramp(double per_second, base::Nanos over, std::uint32_t burst = 1);
// Half of `per_second` for so long, then all of it at once.
Pacing step(double per_second, base::Nanos half_for, std::uint32_t burst = 1);

// The offset of input number `index` from the start of the load.
base::Nanos due_offset(const Pacing& pacing, std::uint64_t index);

}  // namespace squall::workload
