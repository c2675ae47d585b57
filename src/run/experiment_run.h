// One run of an experiment, from its plan to its sealed evidence. Reads like a recipe: see run_experiment().
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "experiment/experiment.h"
#include "experiment/plan.h"
#include "report/run_report.h"

namespace squall::run {

struct RunOptions {
  std::filesystem::path artifacts = "_artifacts";
  std::string command;  // that repeats it
  int live_fd = -1;     // shows progress on this terminal
};

struct RunOutcome {
  report::RunReport report;
  std::optional<int> interrupted;     // by this signal, and cleaned up
  std::optional<std::string> unsafe;  // something is left behind
  std::filesystem::path evidence;
};

// Executes exactly this plan. Errors: the run could not begin (nothing is left then).
base::Result<RunOutcome> run_experiment(const experiment::Experiment& experiment,
                                        const experiment::Plan& plan, const RunOptions& options);

}  // namespace squall::run
