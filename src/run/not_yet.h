// What an experiment asks for and this build of the runner cannot do. Looked at before anything starts: what
// is not done must never look like a pass.
#pragma once

#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace squall::run {

// One sentence each; empty: all of it can be done. Pure.
std::vector<std::string> not_yet_possible(const experiment::Experiment& experiment);

}  // namespace squall::run
