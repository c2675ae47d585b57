// JSON as Go's encoding/json reads it, since Toxiproxy's clients see its answers to malformed bodies: what
// follows the first value is not looked at, broken UTF-8 and lone surrogates become U+FFFD, and each mistake
// has Go's words. One difference: Go allows 10,000 levels of nesting, this 500.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace squall::control {

struct GoMember;

struct GoValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  bool flag = false;
  std::string text;               // of a string, decoded; of a number, as written
  std::vector<GoValue> items;     //
  std::vector<GoMember> members;  // in order, with repetitions
  std::size_t offset = 0;         // where it begins in the text
};
struct GoMember {
  std::string key;
  GoValue value;
};

// "number", "bool", …, as Go names them in its errors.
std::string_view go_name(GoValue::Kind kind);

struct GoJsonError {
  std::string text;        // "invalid character '}' after object key"
  std::size_t offset = 0;  // of the character; the text's size when it ended too early
};
std::expected<GoValue, GoJsonError> parse_go_json(std::string_view text);

// The string in quotes, with Go's escapes: also of <, > and &.
std::string go_quoted(std::string_view text);

}  // namespace squall::control
