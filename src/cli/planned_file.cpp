#include "cli/planned_file.h"

#include <cstdio>

#include "experiment/parse.h"

namespace squall::cli {

std::optional<PlannedFile> read_and_plan(const PlanFlags& flags) {
  experiment::Parsed parsed = experiment::load_experiment(flags.file);
  if (!parsed.ok()) {
    std::fputs(experiment::to_text(parsed.mistakes).c_str(), stderr);
    return std::nullopt;
  }
  experiment::PlanOptions options;
  if (flags.seed >= 0) options.seed = static_cast<std::uint64_t>(flags.seed);
  if (flags.trials > 0) options.trials = static_cast<int>(flags.trials);
  experiment::Planned planned = experiment::plan_experiment(parsed.experiment, options);
  if (!planned.ok()) {
    std::fputs(experiment::to_text(planned.mistakes).c_str(), stderr);
    return std::nullopt;
  }
  return PlannedFile{std::move(parsed.experiment), std::move(planned.plan)};
}

}  // namespace squall::cli
