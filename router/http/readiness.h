// Is the router alive, is it ready, and if not, because of what: pure functions of the board and an instant.
#pragma once

#include <string>
#include <vector>

#include "router/board/board.h"
#include "router/config/router_config.h"

namespace router::http {

using squall::base::Instant;

// One condition that fails. The names are part of the interface:
//   guardian_down, supervisor_down, role_down   the process is not there (detail: its state)
//   heartbeat_stale                             it is there and gives no sign of life
//   nats_disconnected, not_consuming, draining  of one role
//   backpressure_active
struct Failing {
  std::string condition;
  std::string process;  // "decide-0"
  std::string detail;
};

// /livez: guardian (where there is one) and supervisor.
std::vector<Failing> failing_liveness(const board::Board& board, const config::RouterConfig& config,
                                      Instant now);
// /readyz: alive, all roles up and connected, consumers pulling, backpressure not active.
std::vector<Failing> failing_readiness(const board::Board& board, const config::RouterConfig& config,
                                       Instant now);

}  // namespace router::http
