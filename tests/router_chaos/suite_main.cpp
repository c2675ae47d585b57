// The controlled suite's program: options, the evidence folder, the tests, the reports, the exit code.
// scripts/chaos_test.sh is what people run; ctest runs this program as it is.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "check/trials.h"
#include "report/render.h"
#include "router_chaos/planned_cases.h"
#include "router_chaos/routed_system.h"
#include "router_chaos/suite_run.h"

namespace squall::router_chaos {
namespace {

constexpr int kExitViolated = 1;
constexpr int kExitUsage = 2;
constexpr int kExitInconclusive = 3;
constexpr int kExitUnsafe = 4;
constexpr int kExitInternal = 70;
constexpr int kExitSignalBase = 128;

// GoogleTest's own output stays silent but for what failed; the cases print their lines themselves.
class FailurePrinter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::string_view message = result.message();
    if (message.starts_with("Failed\n")) message.remove_prefix(7);  // GoogleTest's own word for ADD_FAILURE
    SuiteRun::current().say(fmt::format("    FAILED  {}", message));
  }
};

struct Arguments {
  SuiteOptions suite;
  bool plan = false;
};

std::vector<PlannedCase> cases_of(const SuiteOptions& options) {
  return planned_cases({.repeat = options.repeat, .seed = options.seed});
}

std::string repeat_command(const SuiteOptions& options) {
  std::string command = fmt::format("scripts/chaos_test.sh --repeat {}", options.repeat);
  if (!options.only.empty()) command += fmt::format(" --only '{}'", options.only);
  return command;
}

void describe_run(SuiteRun& run) {
  report::RunReport& report = run.report();
  report.command = repeat_command(run.options());
  report.seed = run.options().seed;
  report.versions = {{"squall", SQUALL_VERSION}, {"nats-server", run.nats().version.text()}};
  if (!run.options().defect.empty()) report.notes.push_back({"planted defect", run.options().defect});
  report.notes.push_back({"restarted by",
                          "the broker by Squall, the supervisor by the router's guardian, roles by "
                          "the supervisor: not your production restart"});
  report.notes.push_back({"not tested",
                          "power loss (after SIGKILL the page cache survives), clusters and leader "
                          "changes, a partition with lost packets"});
  const auto manifest = run.folder().write_manifest({{"command", report.command},
                                                     {"seed", report.seed},
                                                     {"defect", run.options().defect},
                                                     {"nats_server", run.nats().path.string()},
                                                     {"nats_server_version", run.nats().version.text()},
                                                     {"squall_version", SQUALL_VERSION}});
  if (!manifest) run.say("squall: " + manifest.error().message());
}

void add_totals(report::RunReport& report) {
  for (const report::CaseReport& one : report.cases) {
    report.totals.attempted += one.totals.attempted;
    report.totals.acked += one.totals.acked;
    report.totals.failed += one.totals.failed;
    report.totals.unknown += one.totals.unknown;
    report.totals.recovered += one.totals.recovered;
    report.totals.lost += one.totals.lost;
    report.totals.duplicated += one.totals.duplicated;
    report.totals.unexpected += one.totals.unexpected;
  }
}

// A violated SLO is worth its whole timeline.
void print_worst_trials(SuiteRun& run) {
  const auto timeline = evidence::read_timeline(run.folder().path());
  if (!timeline) return;
  for (const report::CaseReport& one : run.report().cases) {
    const report::TrialReport* worst = report::worst_trial(one);
    if (one.verdict != check::VerdictKind::fail || worst == nullptr) continue;
    run.say(fmt::format("\n{}: the timeline of trial {}", one.name, worst->number));
    run.say(report::render_trial_timeline(one, *worst, *timeline));
  }
}

int exit_code(const SuiteRun& run) {
  if (run.interrupted()) return kExitSignalBase + *run.interrupted();
  switch (const_cast<SuiteRun&>(run).report().verdict()) {
    case check::VerdictKind::pass:
      return 0;
    case check::VerdictKind::fail:
      return kExitViolated;
    case check::VerdictKind::inconclusive:
      return kExitInconclusive;
  }
  return kExitInternal;
}

int conclude(SuiteRun& run) {
  report::RunReport& report = run.report();
  report.took = base::now() - run.folder().anchor().mono;
  add_totals(report);
  for (const PlannedCase& planned : cases_of(run.options())) {
    if (matches(planned.name, run.options().only)) ++report.not_run;
  }
  report.not_run -= std::min(report.not_run, report.cases.size());
  print_worst_trials(run);
  run.say("");
  run.say(report::render_table(report, {.colour = isatty(STDOUT_FILENO) == 1}));
  if (const auto written = report::write_reports(run.folder(), report); !written) {
    run.say("squall: " + written.error().message());
    return kExitInconclusive;
  }
  run.say(fmt::format("report     {}", (run.folder().path() / "report.html").string()));
  run.say(fmt::format("evidence   {}/ (report.md, junit.xml, verdict.json, timeline.jsonl, ledgers, logs)",
                      run.folder().path().string()));
  return exit_code(run);
}

// Leaves a system up for a look around, until Ctrl-C.
void keep_running(SuiteRun& run) {
  if (run.interrupted()) return;
  auto system = RoutedSystem::start(run, {.case_name = "keep_running"});
  if (!system) {
    run.say("cannot keep a system running: " + system.error().message());
    return;
  }
  // What the commands of docs/operations/RECOVERY_RUNBOOK.md need, to be pasted into another terminal.
  run.say(fmt::format("running    broker {} · router {}/state, /metrics, /readyz · until Ctrl-C",
                      (*system)->deployment().urls(), (*system)->http_url()));
  run.say(fmt::format("           export RUN_DIR={} ROUTER={} NATS_MONITOR=http://127.0.0.1:{}",
                      (*system)->run_dir().string(), (*system)->http_url(),
                      (*system)->deployment().server().monitor_port()));
  try {
    while (true) run.wait_for(std::chrono::seconds(60));
  } catch (const Interrupted&) {
  }
}

int run_suite(const Arguments& arguments) {
  const auto cases = cases_of(arguments.suite);
  std::string filter;
  for (const PlannedCase& planned : cases) {
    if (matches(planned.name, arguments.suite.only)) filter += "*." + planned.name + ":";
  }
  if (filter.empty()) {
    std::fprintf(stderr, "squall: no test is called '%s'; there are:\n", arguments.suite.only.c_str());
    for (const PlannedCase& planned : cases) std::fprintf(stderr, "  %s\n", planned.name.c_str());
    return kExitUsage;
  }
  if (arguments.plan) {
    std::printf("%s", describe_plan(cases, arguments.suite.only).c_str());
    return 0;
  }
  auto run = SuiteRun::create(arguments.suite);
  if (!run) {
    std::fprintf(stderr, "squall: %s\n", run.error().message().c_str());
    return kExitInconclusive;
  }
  describe_run(**run);
  (*run)->say(fmt::format("preflight  nats-server {} ({}) · evidence in {}/", (*run)->nats().version.text(),
                          (*run)->nats().path.string(), (*run)->folder().path().string()));
  GTEST_FLAG_SET(filter, filter);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailurePrinter);
  [[maybe_unused]] const int failed = RUN_ALL_TESTS();  // the report has the verdict
  const int code = conclude(**run);
  if (arguments.suite.keep_running) keep_running(**run);
  if (const auto ended = (*run)->end_watchdog(); !ended) {
    (*run)->say("squall: " + ended.error().message());
    return kExitUnsafe;
  }
  return code;
}

}  // namespace
}  // namespace squall::router_chaos

int main(int argc, char** argv) {
  using namespace squall::router_chaos;
  if (const auto code = squall::inject::watchdog_main(argc, argv)) return *code;
  signal(SIGPIPE, SIG_IGN);
  testing::InitGoogleTest(&argc, argv);
  Arguments arguments;
  CLI::App app("Controlled chaos tests of the router on a real nats-server");
  app.add_option("--artifacts", arguments.suite.artifacts, "Folder for the evidence")->capture_default_str();
  app.add_option("--repeat", arguments.suite.repeat, "Trials of each recovery SLO test")
      ->check(CLI::Range(1, 9999))
      ->capture_default_str();
  app.add_option("--only", arguments.suite.only, "Run the tests of this name (* is a wildcard)");
  app.add_option("--seed", arguments.suite.seed, "Of the schedules")->capture_default_str();
  app.add_option("--defect", arguments.suite.defect, "Run the router with this planted defect");
  app.add_option("--router", arguments.suite.router, "The router binary (default: beside this program)");
  app.add_option("--worker", arguments.suite.worker, "The worker binary (default: beside this program)");
  int start_timeout_s = 20;
  app.add_option("--start-timeout", start_timeout_s, "Seconds that broker and router have to come up")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  int give_up_after_s = 30;
  app.add_option("--give-up-after", give_up_after_s,
                 "Seconds that a recovery may take before it counts as never")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--live-fd", arguments.suite.live_fd, "Show progress on this terminal");
  app.add_option("--log", arguments.suite.log_path, "The log that this output goes to; for the report");
  app.add_flag("--keep-running", arguments.suite.keep_running, "Afterwards leave a system up until Ctrl-C");
  app.add_flag("--plan", arguments.plan, "Print what would be done, and do nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  arguments.suite.give_up_after = std::chrono::seconds(give_up_after_s);
  arguments.suite.start_timeout = std::chrono::seconds(start_timeout_s);
  try {
    return run_suite(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall: internal error: %s\n", error.what());
    return kExitInternal;
  }
}
