// Subjects: matching and validity.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace squall::wire {

// Whether a subject matches a pattern with `*` (one token) and `>` (one or more, at the end).
bool subject_matches(std::string_view pattern, std::string_view subject);

struct SubjectRules {
  bool wildcards = false;  // `*` and a final `>` are allowed as whole tokens
};
// Tokens are not empty and hold no blank or control character.
bool is_valid_subject(std::string_view subject, SubjectRules rules = {});

// The tokens of a subject, without allocating; `count` goes on beyond what `at` holds.
struct SubjectTokens {
  std::array<std::string_view, 16> at;
  std::size_t count = 0;
};
SubjectTokens split_subject(std::string_view subject);

}  // namespace squall::wire
