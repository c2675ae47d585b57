// What is wrong with an experiment's files: all of it at once, each with its place.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::experiment {

// Where something stands in the files of an experiment.
struct Place {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;

  bool operator==(const Place&) const = default;
};

struct Mistake {
  Place place;
  std::string field;    // "processes.orders.ready"; may be empty
  std::string message;  // what was expected

  bool operator==(const Mistake&) const = default;
};

using Mistakes = std::vector<Mistake>;

// "orders.yaml:12:7: workload.raet: no such field (did you mean rate?)"
std::string to_text(const Mistake& mistake);
// One per line.
std::string to_text(const Mistakes& mistakes);
// By file, line and column; the same thing is said once.
void put_in_order(Mistakes& mistakes);

// The known name that was probably meant, if one is near (edit distance).
std::optional<std::string> nearest(std::string_view text, const std::vector<std::string>& known);
// " (did you mean rate?)", or " (known: burst, rate)", or "" when nothing is known.
std::string suggestion(std::string_view text, const std::vector<std::string>& known);

// "a duration", "an address".
std::string with_article(std::string_view words);

}  // namespace squall::experiment
