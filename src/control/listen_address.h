// Addresses to listen on, as Toxiproxy takes them, and what its language says of those that it does not take.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace squall::control {

// "address 127.0.0.1: missing port in address"; nothing when it can be tried.
std::optional<std::string> listen_mistake(std::string_view listen);

// As proxy::Links takes it: nothing is a loopback port that the kernel chooses, and a missing port is 0.
std::string listen_for_links(std::string_view listen);

// What Go says when it cannot listen: "listen tcp 127.0.0.1:80: bind: address already in use".
std::string listen_error_text(const base::Error& error);

// Whether the two are the same address; false also when one of them is none.
bool same_listen(std::string_view one, std::string_view other);

}  // namespace squall::control
