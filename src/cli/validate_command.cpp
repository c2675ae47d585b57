#include "cli/validate_command.h"

#include <cstdio>

#include "cli/planned_file.h"
#include "experiment/advice.h"

namespace squall::cli {
namespace {

// Mistakes go to standard error, advice and what is well to standard output.
bool validate(const std::string& file) {
  const auto planned = read_and_plan(file, {});
  if (!planned) return false;
  const experiment::Experiment& experiment = planned->experiment;
  const auto advice = experiment::advise(experiment, experiment::known_from(experiment));
  std::fputs(experiment::to_text(advice, planned->places, file).c_str(), stdout);
  std::printf("%s: %s is valid: %zu trials, %zu warning%s\n", file.c_str(), experiment.name.c_str(),
              planned->plan.trials.size(), advice.size(), advice.size() == 1 ? "" : "s");
  return true;
}

int validate_all(const std::vector<std::string>& files) {
  bool all = true;
  for (const std::string& file : files) all = validate(file) && all;
  return all ? kOk : kUsage;
}

}  // namespace

Command validate_command() {
  auto files = std::make_shared<std::vector<std::string>>();
  return {.name = "validate",
          .summary = "Name every mistake of experiment files",
          .options = {{.name = "files",
                       .help = "Experiment files",
                       .into = files.get(),
                       .required = true,
                       .value = "FILE..."}},
          .run = [files] { return validate_all(*files); },
          .state = files};
}

}  // namespace squall::cli
