// squall heal [RUN_FOLDER]: undoes what a run has left behind.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command heal_command();

}  // namespace squall::cli
