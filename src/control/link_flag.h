// A link as it is written on the command line: "NAME=LISTEN,UPSTREAM", ",nats" behind it for one that reads
// NATS. "NAME=UPSTREAM" listens on a loopback port that the kernel chooses.
#pragma once

#include <string_view>

#include "base/result.h"
#include "proxy/link_settings.h"

namespace squall::control {

// Errors: what is missing or too much, or an address that is none.
base::Result<proxy::LinkSettings> read_link_flag(std::string_view text);

}  // namespace squall::control
