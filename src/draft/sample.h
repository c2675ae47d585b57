// Stored messages as samples for an experiment: what looks personal is replaced, and the place of the
// identity that the service hands through from input to effect is found by comparing both. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::draft {

struct CleanSample {
  std::string text;                   // the same JSON on one line, fields in their order
  std::vector<std::string> replaced;  // JSON pointers to what looked personal
};
// Nothing: it is no JSON object.
std::optional<CleanSample> clean_sample(std::string_view payload);

// A place of the input whose value the service hands through to a place of its effect.
struct Match {
  std::string input;  // JSON pointers
  std::string effect;
  int effects_with_it = 0;  // so many of the effects that were looked at carry the value of one of the inputs
  int effects = 0;
};
// The most likely first: found in the most effects, different in each input, and named like an identity.
std::vector<Match> find_matches(const std::vector<std::string>& inputs,
                                const std::vector<std::string>& effects);

}  // namespace squall::draft
