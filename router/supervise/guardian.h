// The topmost process: it keeps one supervisor alive, for ever, with a growing pause between short-lived
// ones, serves HTTP and passes SIGTERM on. Everything that can go wrong with the work is further down, so
// that little is left here that could die.
#pragma once

#include "router/supervise/household.h"
#include "router/supervise/signals.h"

namespace router::supervise {

// Runs until SIGTERM or SIGINT has drained the router; the value is the exit code: 0 drained, 70 something
// had to be killed at the deadline, 128 + signal when a second signal cut it short. Thread: the main one.
// Errors: the HTTP address cannot be had.
squall::base::Result<int> run_guardian(Household& household, StopSignals& signals, const observe::Log& log);

}  // namespace router::supervise
