// The streams and consumers that a configuration asks for.
#pragma once

#include "router/config/router_config.h"
#include "router/nats/js_topology.h"

namespace router::roles {

// The durable with which admin counts the advisories.
inline constexpr const char* kAdvisoryDurable = "router-advisory";

nats::Topology topology_of(const config::RouterConfig& config);

}  // namespace router::roles
