// `include:` and `vars:`: one tree out of a file and the fragments that it names, before any field is read.
#pragma once

#include <map>
#include <string>

#include "experiment/document.h"
#include "experiment/reading.h"

namespace squall::experiment {

// Replaces `include` in the root by what the fragments say. What the file says itself wins; mappings are
// merged by name, lists are not. Paths are relative to the file that names them. Mistakes: a fragment that is
// unreadable, no mapping, or includes itself.
void merge_includes(Node& root, const std::string& file, const ReadFile& read_file, Mistakes& mistakes);

// Takes `vars` out of the root. Their values are texts, which may have ${env.NAME}, but no other variables.
std::map<std::string, std::string> take_variables(Node& root, Reading& reading);

}  // namespace squall::experiment
