// JSON that came from outside: parsed within limits, and read field by field with errors that name the field.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace router::messages {

namespace base = squall::base;
using Json = nlohmann::json;

// Deeper nesting could overflow the stack of whoever writes the value out again.
inline constexpr int kDeepestNesting = 64;

// An object, no nesting beyond kDeepestNesting.
base::Result<Json> parse_object(std::string_view text);

// A required field of 1 to `longest` bytes without control characters.
base::Result<std::string> read_name(const Json& object, const char* field, std::size_t longest = 256);
// Likewise, but absent (or null) is empty.
base::Result<std::string> read_optional_name(const Json& object, const char* field,
                                             std::size_t longest = 256);

// For sending: invalid UTF-8 cannot be in what was parsed, but can be in what we add.
std::string to_text(const Json& json);

}  // namespace router::messages
