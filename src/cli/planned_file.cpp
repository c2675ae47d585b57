#include "cli/planned_file.h"

#include <cstdio>

#include "experiment/parse.h"

namespace squall::cli {
namespace {

constexpr std::int64_t kMostTrials = 100'000;

}  // namespace

std::optional<PlannedFile> read_and_plan(const PlanFlags& flags) {
  if (flags.seed != PlanFlags::kNotGiven && flags.seed < 0) {
    std::fputs("squall: --seed: expected a whole number from 0\n", stderr);
    return std::nullopt;
  }
  if (flags.trials != PlanFlags::kNotGiven && (flags.trials < 1 || flags.trials > kMostTrials)) {
    std::fprintf(stderr, "squall: --trials: expected a number from 1 to %lld\n",
                 static_cast<long long>(kMostTrials));
    return std::nullopt;
  }
  experiment::Parsed parsed = experiment::load_experiment(flags.file);
  if (!parsed.ok()) {
    std::fputs(experiment::to_text(parsed.mistakes).c_str(), stderr);
    return std::nullopt;
  }
  experiment::PlanOptions options;
  if (flags.seed != PlanFlags::kNotGiven) options.seed = static_cast<std::uint64_t>(flags.seed);
  if (flags.trials != PlanFlags::kNotGiven) options.trials = static_cast<int>(flags.trials);
  experiment::Planned planned = experiment::plan_experiment(parsed.experiment, options);
  if (!planned.ok()) {
    std::fputs(experiment::to_text(planned.mistakes).c_str(), stderr);
    return std::nullopt;
  }
  return PlannedFile{std::move(parsed.experiment), std::move(planned.plan)};
}

}  // namespace squall::cli
