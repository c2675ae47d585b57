// GET /metrics: the links in Prometheus' text format. Names that Toxiproxy has are Toxiproxy's.
#pragma once

#include <string>
#include <vector>

#include "proxy/link_settings.h"

namespace squall::control {

std::string metrics_text(const std::vector<proxy::LinkStatus>& links);

}  // namespace squall::control
