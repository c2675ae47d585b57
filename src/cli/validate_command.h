// squall validate FILE…: every mistake of experiment files, and advice.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command validate_command();

}  // namespace squall::cli
