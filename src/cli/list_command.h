// squall list: the experiments that ship with Squall, or those of a folder.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command list_command();

}  // namespace squall::cli
