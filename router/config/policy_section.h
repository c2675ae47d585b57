// Reads the providers, policies and breaker settings, wherever they stand (`policy:` or a policy_file).
#pragma once

#include "router/config/router_config.h"
#include "router/config/yaml_section.h"

namespace router::config {

void read_policy(YamlSection section, PolicySettings& policy);

}  // namespace router::config
