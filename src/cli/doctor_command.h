// squall doctor: what this machine has, and what is missing for which faults.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command doctor_command();

}  // namespace squall::cli
