// Finds and reads single values in JSON text without building a tree, so that the bytes around them stay as
// the user wrote them (numbers, order, blanks), and so that reading an identity costs no allocation per
// field. Never reads outside the text; text that is no JSON gives nothing, or a span of nonsense. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace squall::workload {

struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Where the value at an RFC 6901 pointer ("/order/id", "/items/0") stands; "" is the whole.
std::optional<TextSpan> find_json(std::string_view text, std::string_view pointer);
// The value there as plain text: a string without its quotes and escapes, a number as it is written.
std::optional<std::string> json_text_at(std::string_view text, std::string_view pointer);

// The text with another value at the pointer: replaced, or added as a new member where only the last step is
// not there yet. `value` is JSON itself. Errors: the way to it is not there.
base::Result<std::string> put_json(std::string_view text, std::string_view pointer, std::string_view value);

}  // namespace squall::workload
