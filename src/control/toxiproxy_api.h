// The API of Toxiproxy 2.x: the same paths, fields, statuses and error texts, so that its clients work as
// they are. What differs, and why, is in docs/proxy.md; tests/toxiproxy/exchanges.json holds what the
// original answers.
#pragma once

#include "control/call.h"

namespace squall::control {

// The version that /version names, with ours behind it.
inline constexpr std::string_view kToxiproxyVersion = "2.12.0";

void add_toxiproxy_routes(CallRouter& router);
// An error as Toxiproxy sends it: JSON that calls itself text.
http::Response toxiproxy_error(const ApiError& error);

// Makes the proxies of a populate file; also for POST /populate. Those that are there with the same addresses
// stay as they are. `done` gets the names of those that were made before an error.
struct ProxyInput;
std::expected<void, ApiError> populate(proxy::Links& links, Desk& desk, const std::vector<ProxyInput>& inputs,
                                       std::vector<std::string>& done);

}  // namespace squall::control
