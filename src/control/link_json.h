// Links, faults, connections and events in the JSON of /v1; docs/proxy.md describes it.
#pragma once

#include <nlohmann/json.hpp>

#include "proxy/link_settings.h"

namespace squall::control {

nlohmann::ordered_json to_json(const proxy::LinkStatus& link);
// The fault as faults are written everywhere, with "description" and "effect" beside.
nlohmann::ordered_json to_json(const proxy::FaultStatus& fault);
nlohmann::ordered_json to_json(const proxy::ConnectionStatus& connection, base::Instant now);
// `anchor` maps its instant onto the wall clock.
nlohmann::ordered_json to_json(const proxy::ProxyEvent& event, const base::WallAnchor& anchor);

// Reads the fields of a link over what `settings` holds. Errors name the field; unknown fields are errors.
base::Result<void> read_link(const nlohmann::json& object, proxy::LinkSettings& settings);

// Text that is not UTF-8 (a client may call itself anything) is mended, so that this never throws.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace squall::control
