#include "cli/validate_command.h"

#include <cstdio>

#include "experiment/advice.h"
#include "experiment/parse.h"
#include "experiment/plan.h"

namespace squall::cli {
namespace {

// Mistakes go to standard error, advice and what is well to standard output.
bool validate(const std::string& file) {
  const experiment::Parsed parsed = experiment::load_experiment(file);
  if (!parsed.ok()) {
    std::fputs(experiment::to_text(parsed.mistakes).c_str(), stderr);
    return false;
  }
  const experiment::Planned planned = experiment::plan_experiment(parsed.experiment);
  if (!planned.ok()) {
    std::fputs(experiment::to_text(planned.mistakes).c_str(), stderr);
    return false;
  }
  const auto advice = experiment::advise(parsed.experiment, experiment::known_from(parsed.experiment));
  std::fputs(experiment::to_text(advice, parsed.places, file).c_str(), stdout);
  std::printf("%s: %s is valid: %zu trials, %zu warning%s\n", file.c_str(), parsed.experiment.name.c_str(),
              planned.plan.trials.size(), advice.size(), advice.size() == 1 ? "" : "s");
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
