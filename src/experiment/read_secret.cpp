#include "experiment/read_secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace squall::experiment {

base::Result<std::string> read_secret(const Secret& secret) {
  std::string value;
  if (!secret.environment.empty()) {
    const char* found =
        std::getenv(secret.environment.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    if (found == nullptr) return base::fail("the environment has no {}", secret.environment);
    value = found;
  } else {
    std::ifstream file(secret.file);
    if (!file) return base::fail_errno(fmt::format("cannot read {}", secret.file.string()), errno);
    std::getline(file, value);
    if (value.ends_with('\r')) value.pop_back();
  }
  if (value.empty()) {
    return base::fail("{} is empty",
                      secret.environment.empty() ? secret.file.string() : "$" + secret.environment);
  }
  return value;
}

std::string redact(const Experiment& experiment, std::string text) {
  constexpr std::size_t kShortest = 4;
  auto values = experiment.from_environment;
  // The longest first: one value may be a part of another.
  std::ranges::stable_sort(values, std::ranges::greater{},
                           [](const auto& value) { return value.second.size(); });
  for (const auto& [name, value] : values) {
    if (value.size() < kShortest) continue;
    const std::string instead = fmt::format("${{env.{}}}", name);
    for (std::size_t at = text.find(value); at != std::string::npos;
         at = text.find(value, at + instead.size())) {
      text.replace(at, value.size(), instead);
    }
  }
  return text;
}

}  // namespace squall::experiment
