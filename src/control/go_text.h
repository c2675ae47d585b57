// Characters and strings in the forms that Go gives them. Internal to control/: see go_json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace squall::control {

// A byte as Go's JSON errors show it: 'x', '\'', '\x01', '\u0080'.
std::string go_quoted_byte(unsigned char byte);

void append_utf8(std::string& text, std::uint32_t rune);

// The first character of `text`, and how many bytes it takes; U+FFFD and 1 when it is no UTF-8.
struct Utf8Rune {
  std::uint32_t rune = 0xFFFD;
  std::size_t size = 1;
};
Utf8Rune first_rune(std::string_view text);

}  // namespace squall::control
