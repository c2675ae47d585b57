// Which fault strikes in which trial at which time: a pure function of the seed. The same seed gives the same
// schedule; a longer schedule begins with the shorter one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/seed.h"
#include "fault/fault.h"

namespace squall::fault {

// A fault whose time and active time are still to be drawn.
struct Draft {
  Fault fault;
  // Added to fault.at: uniform in [0, jitter).
  base::Nanos jitter{};
  // Kill: down times; Freeze: durations. Each value is used once before any is used again, in an order that
  // the seed gives. Empty: as the fault says.
  std::vector<base::Nanos> active_times;
};

struct PlannedTrial {
  int number = 0;             // from 1
  std::vector<Fault> faults;  // by time, then by name

  bool operator==(const PlannedTrial&) const = default;
};

// Errors: no drafts, no trials, two faults of one name, a negative time, active times for a fault that
// somebody else heals.
base::Result<std::vector<PlannedTrial>> draw_schedule(base::Seed seed, const std::vector<Draft>& drafts,
                                                      int trials);

nlohmann::json to_json(const std::vector<PlannedTrial>& schedule);

// A kill's down time, any other fault's duration.
void set_active_time(Action& action, base::Nanos time);
// The value for use number `index`: the seed shuffles each round of all values, so each occurs once per
// round, and use n is the same however many follow. `values` is not empty.
base::Nanos pick_in_rounds(const std::vector<base::Nanos>& values, base::Seed seed, std::size_t index);

}  // namespace squall::fault
