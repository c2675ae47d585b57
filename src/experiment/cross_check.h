// What only the whole experiment shows: names that refer to each other, and what follows from them. Part of
// parse_experiment().
#pragma once

#include "experiment/experiment.h"
#include "experiment/reading.h"

namespace squall::experiment {

// Gives faults their names and, where Squall restarts the target, their down time. Mistakes: names that are
// used twice or refer to nothing, faults of what cannot be struck, moments on links that are not there,
// addresses that `allow.hosts` does not name.
void cross_check(Experiment& experiment, Reading& reading);

}  // namespace squall::experiment
