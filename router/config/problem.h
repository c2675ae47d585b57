// What is wrong with a configuration: all of it at once, each with its place.
#pragma once

#include <string>
#include <vector>

namespace router::config {

struct Problem {
  std::string file;  // or "environment"
  int line = 0;      // from 1; 0: the file as a whole
  int column = 0;
  std::string field;    // "backpressure.pending"; may be empty
  std::string message;  // what was expected
};

using Problems = std::vector<Problem>;

// "router.yaml:12:7: nats.reconnect_wiat: no such field (did you mean reconnect_wait?)"
std::string to_text(const Problem& problem);
// One per line, in the order of the file.
std::string to_text(const Problems& problems);

}  // namespace router::config
