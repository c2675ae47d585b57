// The three roles that talk to NATS. Each is called on the main thread of its own process;
// supervise/role_context.h says what it gets and owes.
#pragma once

#include "router/supervise/role_context.h"

namespace router::roles {

// Requests → decisions, assignments and replies. Start reading at decide_flow.h.
int run_decide(supervise::RoleContext& context);
// Results → usage events, and outcomes for the circuit breakers. See result_flow.h.
int run_result(supervise::RoleContext& context);
// Backpressure, questions of operators, advisories. See backpressure_machine.h and admin_role.cpp.
int run_admin(supervise::RoleContext& context);

}  // namespace router::roles
