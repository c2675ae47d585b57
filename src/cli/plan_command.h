// squall plan FILE: the targets and the schedule, with times. Starts and touches nothing.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command plan_command();

}  // namespace squall::cli
