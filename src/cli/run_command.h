// From argv to the exit code. The only user of the command-line library.
#pragma once

#include <vector>

#include "cli/command.h"

namespace squall::cli {

// Parses, runs the command and returns its exit code; kUsage for a wrong command line, kOk for --help.
int run_command(int argc, const char* const* argv, const std::vector<Command>& commands);

}  // namespace squall::cli
