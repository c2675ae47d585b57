#include "cli/planned_file.h"

#include <cstdio>

#include "experiment/parse.h"
#include "run/load.h"

namespace squall::cli {
namespace {

constexpr std::int64_t kMostTrials = 100'000;

// What only shows when the inputs are made.
experiment::Mistakes mistakes_of_inputs(const experiment::Parsed& parsed, const std::string& file) {
  const auto inputs = run::inputs_of(parsed.experiment.workload, {});
  if (inputs) return {};
  constexpr std::string_view kWithoutEffect = "without_effect ";
  std::string field = "workload";
  std::string message = inputs.error().message();
  if (message.starts_with(kWithoutEffect)) {
    field = "workload.without_effect";
    message.erase(0, kWithoutEffect.size());
  }
  return {{experiment::place_of(parsed.places, field, file), field, std::move(message)}};
}

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
  experiment::PlanOptions options;
  if (flags.seed != PlanFlags::kNotGiven) options.seed = static_cast<std::uint64_t>(flags.seed);
  if (flags.trials != PlanFlags::kNotGiven) options.trials = static_cast<int>(flags.trials);
  return read_and_plan(flags.file, options);
}

std::optional<PlannedFile> read_and_plan(const std::string& file, const experiment::PlanOptions& options) {
  experiment::Parsed parsed = experiment::load_experiment(file);
  experiment::Mistakes mistakes = parsed.mistakes;
  experiment::Planned planned;
  if (parsed.ok()) {
    planned = experiment::plan_experiment(parsed.experiment, options);
    mistakes = planned.mistakes;
  }
  if (mistakes.empty()) mistakes = mistakes_of_inputs(parsed, file);
  if (!mistakes.empty()) {
    std::fputs(experiment::to_text(mistakes).c_str(), stderr);
    return std::nullopt;
  }
  return PlannedFile{std::move(parsed.experiment), std::move(planned.plan), std::move(parsed.places)};
}

}  // namespace squall::cli
