#include "wire/subject.h"

namespace squall::wire {
namespace {

std::string_view take_token(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  return token;
}

}  // namespace

bool subject_matches(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty()) {
    const std::string_view wanted = take_token(pattern);
    if (subject.empty()) return false;
    if (wanted == ">" && pattern.empty()) return true;
    const std::string_view token = take_token(subject);
    if (wanted != "*" && wanted != token) return false;
  }
  return subject.empty();
}

bool is_valid_subject(std::string_view subject, SubjectRules rules) {
  if (subject.empty() || subject.back() == '.') return false;
  while (!subject.empty()) {
    const std::string_view token = take_token(subject);
    if (token.empty()) return false;
    for (const char c : token) {
      if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
    }
    const bool wildcard = token == "*" || token == ">";
    if (wildcard && (!rules.wildcards || (token == ">" && !subject.empty()))) return false;
  }
  return true;
}

SubjectTokens split_subject(std::string_view subject) {
  SubjectTokens tokens;
  if (subject.empty()) return tokens;
  while (true) {
    const std::size_t dot = subject.find('.');
    if (tokens.count < tokens.at.size()) tokens.at[tokens.count] = subject.substr(0, dot);
    ++tokens.count;
    if (dot == std::string_view::npos) return tokens;
    subject.remove_prefix(dot + 1);
  }
}

}  // namespace squall::wire
