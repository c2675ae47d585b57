#include "cli/plan_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "experiment/parse.h"
#include "experiment/plan.h"
#include "experiment/read_secret.h"

namespace squall::cli {
namespace {

struct Asked {
  std::string file;
  std::int64_t seed = -1;
  std::int64_t trials = 0;
  bool as_json = false;
};

int print_plan(const Asked& asked) {
  const experiment::Parsed parsed = experiment::load_experiment(asked.file);
  if (!parsed.ok()) {
    std::fputs(experiment::to_text(parsed.mistakes).c_str(), stderr);
    return kUsage;
  }
  experiment::PlanOptions options;
  if (asked.seed >= 0) options.seed = static_cast<std::uint64_t>(asked.seed);
  if (asked.trials > 0) options.trials = static_cast<int>(asked.trials);
  const experiment::Planned planned = experiment::plan_experiment(parsed.experiment, options);
  if (!planned.ok()) {
    std::fputs(experiment::to_text(planned.mistakes).c_str(), stderr);
    return kUsage;
  }
  if (asked.as_json) {
    const std::string json = to_json(planned.plan).dump(2) + "\n";
    std::fputs(experiment::redact(parsed.experiment, json).c_str(), stdout);
  } else {
    std::fputs(experiment::to_text(parsed.experiment, planned.plan).c_str(), stdout);
    std::fputs("nothing was started or touched\n", stdout);
  }
  return kOk;
}

}  // namespace

Command plan_command() {
  auto asked = std::make_shared<Asked>();
  return {.name = "plan",
          .summary = "Print what a run of the experiment would do, and when",
          .options = {{.name = "file",
                       .help = "The experiment",
                       .into = &asked->file,
                       .required = true,
                       .value = "FILE"},
                      {.name = "--seed", .help = "Instead of the file's", .into = &asked->seed},
                      {.name = "--trials", .help = "Instead of the file's", .into = &asked->trials},
                      {.name = "--json", .help = "The plan as JSON", .into = &asked->as_json}},
          .run = [asked] { return print_plan(*asked); },
          .state = asked};
}

}  // namespace squall::cli
