#include "router/messages/subject_pattern.h"

#include <algorithm>

namespace router::messages {
namespace {

// Splits off the first token; `rest` becomes what stands behind its dot, `more` whether there was one.
std::string_view next_token(std::string_view& rest, bool& more) {
  const auto dot = rest.find('.');
  more = dot != std::string_view::npos;
  const auto token = rest.substr(0, dot);
  rest = more ? rest.substr(dot + 1) : std::string_view{};
  return token;
}

bool is_token_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f && c != '.' && c != '*' && c != '>';
}

}  // namespace

bool is_subject_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool is_publishable_subject(std::string_view subject) {
  bool more = true;
  while (more) {
    if (!is_subject_token(next_token(subject, more))) return false;
  }
  return true;
}

bool covers(std::string_view pattern, std::string_view wanted) {
  bool more_pattern = true;
  bool more_wanted = true;
  while (more_pattern && more_wanted) {
    const auto expected = next_token(pattern, more_pattern);
    const auto token = next_token(wanted, more_wanted);
    if (expected == ">") return !more_pattern && !token.empty();
    if (token == ">") return false;
    if (expected == "*" ? token.empty() : expected != token) return false;
  }
  return !more_pattern && !more_wanted;
}

bool is_allowed_subject(std::string_view subject, const std::vector<std::string>& patterns) {
  if (!is_publishable_subject(subject) || subject.front() == '$') return false;
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return covers(pattern, subject); });
}

}  // namespace router::messages
