// What a role gets from the process that hosts it, and the contract between the two:
//
// A role is a function `int run(RoleContext&)`, called on the main thread of its own process with SIGTERM,
// SIGINT and SIGPIPE taken care of. It returns when `stop` is requested (SIGTERM) and it has drained, within
// supervision.drain_deadline less half a second; the value is the process's exit code, 0 = drained. Returning
// earlier, or dying, makes the supervisor start it again. Meanwhile it
//   - calls `slot.beat(now)` from the loop that does its work, at least every supervision.heartbeat_every
//     (a beat from a thread of its own would hide a hung role);
//   - keeps slot.set_nats_status() and, when it consumes, slot.set_consuming() true to what is;
//   - counts in the slot (board/board.h).
#pragma once

#include <stop_token>
#include <string>

#include "router/board/board.h"
#include "router/config/defect.h"
#include "router/config/router_config.h"
#include "router/observe/log.h"

namespace router::supervise {

struct RoleContext {
  const config::RouterConfig& config;
  board::Slot& slot;    // this process's own
  board::Board& board;  // everybody's, for those who look (admin)
  const observe::Log& log;
  std::string role_name;  // "decide", "result", "admin"
  int index = 0;
  config::Defect defect = config::Defect::none;
  std::stop_token stop;
};

using RoleFunction = int (*)(RoleContext&);

}  // namespace router::supervise
