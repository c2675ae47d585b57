// NATS subjects and their wildcards: `*` is one token, a final `>` is one or more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace router::messages {

// A subject that can be published to: non-empty tokens, no wildcards, no spaces or control characters.
bool is_publishable_subject(std::string_view subject);

// One token of a subject, such as an id: what is_publishable_subject allows, without a dot.
bool is_subject_token(std::string_view text);

// Whether every subject that `wanted` (a subject or a pattern) matches is matched by `pattern` as well.
bool covers(std::string_view pattern, std::string_view wanted);

// Whether messages may be sent to a subject that came in a message: it is publishable, does not begin with
// `$`, and one of the patterns matches it.
bool is_allowed_subject(std::string_view subject, const std::vector<std::string>& patterns);

}  // namespace router::messages
