// One case of the suite: it starts the system under load, runs the planned trials, judges the ledger, and
// writes down every expectation with what was wanted and what was got.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "check/fault_window.h"
#include "check/recovery.h"
#include "report/assertion_lines.h"
#include "report/run_report.h"
#include "router_chaos/planned_cases.h"
#include "router_chaos/router_chaos_helper.h"

namespace squall::router_chaos {

// What a trial looked like, for the expectations of its case.
struct Trial {
  const fault::Fault* planned = nullptr;
  inject::Injected injected;
  check::Recovery recovery;
  RecoveryMetrics metrics;
  std::optional<base::Nanos> time_to_green;
  // Before the fault.
  RouterPids pids_before;
  pid_t nats_before = 0;
  Metrics metrics_before;
  // When it was over.
  RouterPids pids_after;
  pid_t nats_after = 0;
  Metrics metrics_after;
};

class ControlledCase {
 public:
  // Runs the case of this name: system and load up, `body`, load off, drain, check, system down. Failures are
  // reported to GoogleTest and written into the run's report. Without any start of the system the case is
  // inconclusive.
  static void run(std::string_view name, const std::function<void(ControlledCase&)>& body);

  const PlannedCase& planned() const { return planned_; }
  RouterChaos& chaos() { return *chaos_; }
  SuiteRun& run() { return run_; }

  // One trial: wait until operational, `strike` at its planned time, then `recover` (heal and wait), then
  // wait until green; prints its line. `strike` returns what was injected.
  Trial trial(const fault::PlannedTrial& planned, const std::function<inject::Injected()>& strike,
              const std::function<void()>& recover);

  // `group`: did it come back as it should, is the ledger right, could an operator have seen it. The same
  // text in several trials becomes one line of the report; `took` says which trial's `got` is the worst.
  void expect(report::Group group, const std::string& text, bool ok, std::string got = {},
              std::optional<base::Nanos> took = {});
  // Stops the load, waits for the rest, judges the ledger, and stops the system. run() calls it, unless the
  // body did to look at the drained system.
  void note(std::string label, std::string text);

 private:
  ControlledCase(SuiteRun& run, PlannedCase planned);
  void start();
  void finish();
  void judge_ledger();
  void judge_clocks();
  void judge_trial(report::TrialReport& report, const Trial& trial, const check::FaultWindow& window);
  void fill_window(report::TrialReport& report, const Trial& trial, const check::FaultWindow& window);
  base::Nanos caught_up_bound(const Trial& trial) const;
  void inconclusive(std::string reason);
  void fail(const std::string& reason);
  void settle_verdict();

  SuiteRun& run_;
  PlannedCase planned_;
  report::CaseReport report_;
  std::unique_ptr<RouterChaos> chaos_;
  base::Instant began_;
  std::optional<base::Nanos> largest_bound_;
  report::AssertionLines expected_;
};

}  // namespace squall::router_chaos
