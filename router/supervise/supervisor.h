// Keeps the roles alive, one for one; gives up (and leaves it to the guardian, or to systemd) when too many
// die within a span. As the topmost process (--no-guardian) it serves HTTP, too.
#pragma once

#include "router/supervise/household.h"
#include "router/supervise/signals.h"

namespace router::supervise {

enum class Top { no, yes };

// Runs until SIGTERM or SIGINT has drained the roles: 0 drained, 70 one had to be killed at the deadline or
// failed while draining, or the roles died too often; 128 + signal when a second signal cut it short.
// Thread: the main one. Errors (only as the top): the HTTP address cannot be had.
squall::base::Result<int> run_supervisor(Household& household, StopSignals& signals, const observe::Log& log,
                                         Top top);

}  // namespace router::supervise
