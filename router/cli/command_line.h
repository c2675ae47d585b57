// The router's command line: run, status, check, version, and the two internal commands by which its
// processes start each other. Exit codes: 0, 1 not ready (status), 2 bad usage or configuration, 70 internal
// error, 128 + signal when a second signal cut a drain short.
#pragma once

#include <map>

#include "router/board/slot.h"
#include "router/supervise/role_context.h"

namespace router::cli {

// What the role processes do; main gives the real ones, tests their own.
using RoleTable = std::map<board::Role, supervise::RoleFunction>;

// The value is the exit code. Thread: the main one, before any other exists.
int run_command_line(int argc, char** argv, const RoleTable& roles);

}  // namespace router::cli
