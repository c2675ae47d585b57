// All subcommands of `squall`, in the order of its help.
#pragma once

#include <vector>

#include "cli/command.h"

namespace squall::cli {

std::vector<Command> all_commands();

}  // namespace squall::cli
