// Base64 (RFC 4648, with padding), as JetStream's API uses it for stored payloads.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace squall::wire {

std::string base64_encode(std::string_view bytes);
// Errors: a length that is no multiple of four, a character outside the alphabet, padding elsewhere than at
// the end.
base::Result<std::string> base64_decode(std::string_view text);

}  // namespace squall::wire
