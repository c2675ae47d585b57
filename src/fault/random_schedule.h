// Faults that a seed chooses: which, when, and for how long, one after the other, with a bound on how many
// are active at the same time. Pure: the same seed and trial give the same faults.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/seed.h"
#include "fault/fault.h"
#include "fault/schedule.h"

namespace squall::fault {

struct WeightedFault {
  Fault fault;  // its `at` means nothing here
  // As in Draft: one is drawn for each use. Empty: as the fault says.
  std::vector<base::Nanos> active_times;
  double weight = 1;  // > 0
};

struct RandomDraft {
  std::string name;  // faults are called "<name>-<number>-<their own name>"
  std::vector<WeightedFault> choices;
  base::Nanos from{};
  // Everything happens in [from, from + lasts]: the heals as well, as far as Squall decides them.
  base::Nanos lasts{};
  // From one injection to the next, uniform in [spacing_least, spacing_most].
  base::Nanos spacing_least{};
  base::Nanos spacing_most{};
  int at_once = 1;
  // How long a fault that somebody else heals counts as active.
  base::Nanos unknown_active_time{};
};

// The faults of trial number `trial` (from 1), by time. A fault that would exceed at_once, strike a target
// that another one still holds, or outlast the schedule is left out, and the next is drawn.
// Errors: no choices, a weight that is not positive, a spacing that is no range or not positive.
base::Result<std::vector<Fault>> draw_random(base::Seed seed, const RandomDraft& draft, int trial);

}  // namespace squall::fault
