// Our own API, under /v1: links, faults with their effects, live connections, heal. GET /v1/events is
// answered by the control server, since it never ends.
#pragma once

#include "control/call.h"

namespace squall::control {

void add_link_routes(CallRouter& router);

}  // namespace squall::control
