#include "cli/run_experiment_command.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "cli/complain.h"
#include "cli/planned_file.h"
#include "experiment/read_secret.h"
#include "run/experiment_run.h"
#include "run/judgement.h"

namespace squall::cli {
namespace {

constexpr int kExitSignalBase = 128;

struct Asked {
  PlanFlags plan;
  std::string artifacts = standard_artifacts();
};

int exit_code(const run::RunOutcome& outcome) {
  if (outcome.unsafe) return kUnsafe;
  if (outcome.interrupted) return kExitSignalBase + *outcome.interrupted;
  return exit_code_of(outcome.report.verdict());
}

std::string command_of(const Asked& asked, const experiment::Plan& plan) {
  std::string command = fmt::format("squall run {} --seed {}", asked.plan.file, plan.seed);
  if (!plan.trials.empty()) command += fmt::format(" --trials {}", plan.trials.size());
  return command;
}

int run_file(const Asked& asked) {
  const auto planned = read_and_plan(asked.plan);
  if (!planned) return kUsage;
  // Whoever reads along may leave (| head): the run goes on to its verdict and its report.
  (void)std::signal(SIGPIPE, SIG_IGN);
  const run::RunOptions how{.artifacts = asked.artifacts,
                            .command = command_of(asked, planned->plan),
                            .live_fd = isatty(STDERR_FILENO) == 1 ? STDERR_FILENO : -1};
  const auto outcome = run::run_experiment(planned->experiment, planned->plan, how);
  if (!outcome) return complain(kInconclusive, outcome.error());
  std::fputs(experiment::redact(planned->experiment, run::verdict_text(outcome->report)).c_str(), stdout);
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
                       .into = &asked->plan.file,
                       .required = true,
                       .value = "FILE"},
                      {.name = "--seed", .help = "Instead of the file's", .into = &asked->plan.seed},
                      {.name = "--trials", .help = "Instead of the file's", .into = &asked->plan.trials},
                      {.name = "--artifacts",
                       .help = "Folder for the evidence (SQUALL_ARTIFACTS, else _artifacts)",
                       .into = &asked->artifacts}},
          .run = [asked] { return run_file(*asked); },
          .state = asked};
}

}  // namespace squall::cli
