#include "cli/plan_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/planned_file.h"
#include "experiment/plan.h"
#include "experiment/read_secret.h"

namespace squall::cli {
namespace {

struct Asked {
  PlanFlags plan;
  bool as_json = false;
};

int print_plan(const Asked& asked) {
  const auto planned = read_and_plan(asked.plan);
  if (!planned) return kUsage;
  if (asked.as_json) {
    const std::string json = to_json(planned->plan).dump(2) + "\n";
    std::fputs(experiment::redact(planned->experiment, json).c_str(), stdout);
  } else {
    std::fputs(experiment::to_text(planned->experiment, planned->plan).c_str(), stdout);
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
                       .into = &asked->plan.file,
                       .required = true,
                       .value = "FILE"},
                      {.name = "--seed", .help = "Instead of the file's", .into = &asked->plan.seed},
                      {.name = "--trials", .help = "Instead of the file's", .into = &asked->plan.trials},
                      {.name = "--json", .help = "The plan as JSON", .into = &asked->as_json}},
          .run = [asked] { return print_plan(*asked); },
          .state = asked};
}

}  // namespace squall::cli
