#include "cli/run_experiment_command.h"

#include <unistd.h>

#include <cstdio>

#include "cli/complain.h"
#include "experiment/parse.h"
#include "experiment/plan.h"
#include "experiment/read_secret.h"
#include "run/experiment_run.h"
#include "run/judgement.h"

namespace squall::cli {
namespace {

constexpr int kExitSignalBase = 128;

struct Asked {
  std::string file;
  std::string artifacts = "_artifacts";
  std::int64_t seed = -1;
  std::int64_t trials = 0;
};

int exit_code(const run::RunOutcome& outcome) {
  if (outcome.unsafe) return kUnsafe;
  if (outcome.interrupted) return kExitSignalBase + *outcome.interrupted;
  switch (outcome.report.verdict()) {
    case check::VerdictKind::pass:
      return kOk;
    case check::VerdictKind::fail:
      return kViolated;
    case check::VerdictKind::inconclusive:
      return kInconclusive;
  }
  return kInternal;
}

int run_file(const Asked& asked) {
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
  const run::RunOptions how{.artifacts = asked.artifacts,
                            .command = fmt::format("squall run {} --seed {} --trials {}", asked.file,
                                                   planned.plan.seed, planned.plan.trials.size()),
                            .live_fd = isatty(STDERR_FILENO) == 1 ? STDERR_FILENO : -1};
  const auto outcome = run::run_experiment(parsed.experiment, planned.plan, how);
  if (!outcome) return complain(kInconclusive, outcome.error());
  std::fputs(experiment::redact(parsed.experiment, run::verdict_text(outcome->report)).c_str(), stdout);
  std::printf("  again         %s\n", how.command.c_str());
  std::printf("  evidence      %s/  (report.html, report.md, junit.xml, verdict.json, ledger.bin)\n",
              outcome->evidence.c_str());
  if (outcome->unsafe) std::fprintf(stderr, "squall: %s\n", outcome->unsafe->c_str());
  return exit_code(*outcome);
}

}  // namespace

Command run_experiment_command() {
  auto asked = std::make_shared<Asked>();
  return {.name = "run",
          .summary = "Run an experiment: start or attach, strike, measure, check, report",
          .options = {{.name = "file",
                       .help = "The experiment",
                       .into = &asked->file,
                       .required = true,
                       .value = "FILE"},
                      {.name = "--seed", .help = "Instead of the file's", .into = &asked->seed},
                      {.name = "--trials", .help = "Instead of the file's", .into = &asked->trials},
                      {.name = "--artifacts",
                       .help = "Folder for the evidence (_artifacts)",
                       .into = &asked->artifacts}},
          .run = [asked] { return run_file(*asked); },
          .state = asked};
}

}  // namespace squall::cli
