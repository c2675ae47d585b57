#include "control/go_text.h"

#include <fmt/format.h>

#include "control/go_json.h"

namespace squall::control {

namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

Utf8Rune first_rune(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  std::size_t size = 0;
  std::uint32_t rune = 0;
  if ((first & 0xE0U) == 0xC0U) {
    size = 2;
    rune = first & 0x1FU;
  } else if ((first & 0xF0U) == 0xE0U) {
    size = 3;
    rune = first & 0x0FU;
  } else if ((first & 0xF8U) == 0xF0U) {
    size = 4;
    rune = first & 0x07U;
  } else {
    return {};
  }
  if (text.size() < size) return {};
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return {};
    rune = (rune << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = rune >= 0xD800 && rune <= 0xDFFF;
  if (rune < kLeast[size] || rune > 0x10FFFF || surrogate) return {};
  return {rune, size};
}

void append_utf8(std::string& text, std::uint32_t rune) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((rune >> shift) & 0x3FU)); };
  if (rune < 0x80) {
    text += static_cast<char>(rune);
  } else if (rune < 0x800) {
    text += static_cast<char>(0xC0U | (rune >> 6U));
    tail(0);
  } else if (rune < 0x10000) {
    text += static_cast<char>(0xE0U | (rune >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (rune >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string go_quoted_byte(unsigned char byte) {
  switch (byte) {
    case '\'':
      return R"('\'')";
    case '\\':
      return R"('\\')";
    case '\a':
      return R"('\a')";
    case '\b':
      return R"('\b')";
    case '\f':
      return R"('\f')";
    case '\n':
      return R"('\n')";
    case '\r':
      return R"('\r')";
    case '\t':
      return R"('\t')";
    case '\v':
      return R"('\v')";
    default:
      break;
  }
  if (byte < 0x20 || byte == 0x7F) return fmt::format("'\\x{:02x}'", byte);
  // A byte is taken for the character of that number; Go calls these unprintable.
  if ((byte >= 0x80 && byte <= 0xA0) || byte == 0xAD) return fmt::format("'\\u{:04x}'", byte);
  std::string text = "'";
  append_utf8(text, byte);
  return text + '\'';
}

std::string go_quoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Utf8Rune next = first_rune(text);
    const std::uint32_t rune = next.rune;
    if (rune == '"' || rune == '\\') {
      quoted += '\\';
      quoted += static_cast<char>(rune);
    } else if (rune == '\b') {
      quoted += "\\b";
    } else if (rune == '\f') {
      quoted += "\\f";
    } else if (rune == '\n') {
      quoted += "\\n";
    } else if (rune == '\r') {
      quoted += "\\r";
    } else if (rune == '\t') {
      quoted += "\\t";
    } else if (rune < 0x20 || rune == '<' || rune == '>' || rune == '&' || rune == 0x2028 || rune == 0x2029) {
      quoted += fmt::format("\\u{:04x}", rune);
    } else if (rune == kReplacement && next.size == 1) {
      quoted += "\\ufffd";
    } else {
      quoted += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  return quoted + '"';
}

}  // namespace squall::control
