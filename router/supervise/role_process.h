// The process around a role: its place on the board, SIGTERM as a stop token, and exceptions as an exit code.
#pragma once

#include "router/supervise/household.h"
#include "router/supervise/role_context.h"
#include "router/supervise/signals.h"

namespace router::supervise {

// Runs the role to its end; the value is the exit code (70: an exception escaped the role). A second signal
// ends the process at once. Thread: the main one.
int run_role(Household& household, StopSignals& signals, const observe::Log& log, board::Role role, int index,
             RoleFunction function);

}  // namespace router::supervise
