#include "control/go_json.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "control/go_text.h"

namespace squall::control {

namespace {

constexpr int kDeepest = 500;

using Kind = GoValue::Kind;

bool is_digit(int c) { return c >= '0' && c <= '9'; }

std::optional<unsigned> hex_value(int c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// Each function reads on from the current character and returns false once `error` is set.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::expected<GoValue, GoJsonError> read() {
    skip_space();
    if (at_end()) return std::unexpected(GoJsonError{"EOF", text_.size()});
    GoValue value;
    if (!read_value(value, 0)) return std::unexpected(error_);
    return value;
  }

 private:
  static constexpr int kEnd = -1;

  bool at_end() const { return at_ == text_.size(); }
  int peek() const { return at_end() ? kEnd : static_cast<unsigned char>(text_[at_]); }
  void skip_space() {
    while (!at_end() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  // The current character is wrong.
  bool wrong(std::string_view context) {
    if (at_end()) {
      error_ = {"unexpected EOF", at_};
    } else {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      error_ = {fmt::format("invalid character {} {}", go_quoted_byte(byte), context), at_};
    }
    return false;
  }

  bool read_value(GoValue& value, int depth) {
    if (depth > kDeepest) {
      error_ = {"exceeded max depth", at_};
      return false;
    }
    skip_space();
    value.offset = at_;
    const int c = peek();
    if (c == '{') return read_object(value, depth);
    if (c == '[') return read_array(value, depth);
    if (c == '"') {
      value.kind = Kind::kString;
      return read_string(value.text);
    }
    if (c == '-' || is_digit(c)) return read_number(value);
    if (c == 't') return read_literal("true", value, Kind::kBool, true);
    if (c == 'f') return read_literal("false", value, Kind::kBool, false);
    if (c == 'n') return read_literal("null", value, Kind::kNull, false);
    return wrong("looking for beginning of value");
  }

  bool read_object(GoValue& value, int depth) {
    value.kind = Kind::kObject;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return true;
    }
    while (true) {
      skip_space();
      if (peek() != '"') return wrong("looking for beginning of object key string");
      GoMember member;
      if (!read_string(member.key)) return false;
      skip_space();
      if (peek() != ':') return wrong("after object key");
      ++at_;
      if (!read_value(member.value, depth + 1)) return false;
      value.members.push_back(std::move(member));
      skip_space();
      if (peek() != ',' && peek() != '}') return wrong("after object key:value pair");
      if (text_[at_++] == '}') return true;
    }
  }

  bool read_array(GoValue& value, int depth) {
    value.kind = Kind::kArray;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return true;
    }
    while (true) {
      if (!read_value(value.items.emplace_back(), depth + 1)) return false;
      skip_space();
      if (peek() != ',' && peek() != ']') return wrong("after array element");
      if (text_[at_++] == ']') return true;
    }
  }

  bool read_literal(std::string_view word, GoValue& value, Kind kind, bool flag) {
    value.kind = kind;
    value.flag = flag;
    for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
      if (peek() != word[i]) return wrong(fmt::format("in literal {} (expecting '{}')", word, word[i]));
    }
    return true;
  }

  bool read_digits(std::string_view context) {
    if (!is_digit(peek())) return wrong(context);
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool read_number(GoValue& value) {
    value.kind = Kind::kNumber;
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else if (!read_digits("in numeric literal")) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!read_digits("after decimal point in numeric literal")) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!read_digits("in exponent of numeric literal")) return false;
    }
    value.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool read_string(std::string& into) {
    ++at_;
    while (true) {
      const int c = peek();
      if (c == kEnd || c < 0x20) return wrong("in string literal");
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        ++at_;
        if (!read_escape(into)) return false;
        continue;
      }
      const Utf8Rune next = first_rune(text_.substr(at_));
      append_utf8(into, next.rune);
      at_ += next.size;
    }
  }

  bool read_escape(std::string& into) {
    const int c = peek();
    if (c == 'u') {
      ++at_;
      return read_unicode(into);
    }
    constexpr std::string_view kLetters = "bfnrt\\/\"";
    constexpr std::string_view kMeanings = "\b\f\n\r\t\\/\"";
    const std::size_t found = c == kEnd ? kLetters.npos : kLetters.find(static_cast<char>(c));
    if (found == kLetters.npos) return wrong("in string escape code");
    ++at_;
    into += kMeanings[found];
    return true;
  }

  bool read_hex(std::uint32_t& rune) {
    rune = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const auto digit = hex_value(peek());
      if (!digit) return wrong("in \\u hexadecimal character escape");
      rune = rune * 16 + *digit;
    }
    return true;
  }

  bool read_unicode(std::string& into) {
    constexpr std::uint32_t kReplacement = 0xFFFD;
    std::uint32_t rune = 0;
    if (!read_hex(rune)) return false;
    const bool is_high = rune >= 0xD800 && rune < 0xDC00;
    if (is_high && text_.substr(at_).starts_with("\\u")) {
      const std::size_t back = at_;
      at_ += 2;
      std::uint32_t low = 0;
      if (!read_hex(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(into, 0x10000 + ((rune - 0xD800) << 10U) + (low - 0xDC00));
        return true;
      }
      at_ = back;
    }
    append_utf8(into, rune >= 0xD800 && rune < 0xE000 ? kReplacement : rune);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  GoJsonError error_;
};

}  // namespace

std::string_view go_name(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "bool";
    case Kind::kNumber:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
  }
  return "";
}

std::expected<GoValue, GoJsonError> parse_go_json(std::string_view text) { return Reader(text).read(); }

}  // namespace squall::control
