#include "router_chaos/planned_cases.h"

#include <fnmatch.h>

#include <cstdio>
#include <string>

#include "base/invariant.h"
#include "experiment/parse.h"
#include "experiment/plan.h"

namespace squall::router_chaos {
namespace {

using std::chrono::milliseconds;

// A case of the suite, and the experiments that say what it does. The first one's purpose, failure modes and
// SLO are the case's.
struct CaseFiles {
  const char* test;
  std::vector<const char*> files;  // of experiments/, without .yaml
  bool repeated = false;           // --repeat says how many trials
  base::Nanos work_time = milliseconds(10);
};

const std::vector<CaseFiles>& case_files() {
  static const std::vector<CaseFiles> kCases{
      {.test = "test_control_no_fault", .files = {"no-fault"}},
      {.test = "test_nats_kill_recovery", .files = {"nats-kill"}},
      // Work that takes longer than a broker takes to stop: else it may finish all that it was given, and
      // nothing is struck.
      {.test = "test_nats_graceful_kill_recovery",
       .files = {"nats-graceful-stop", "nats-interrupt"},
       .work_time = milliseconds(120)},
      {.test = "test_router_supervisor_kill_recovery", .files = {"supervisor-kill"}},
      {.test = "test_jetstream_lag_backpressure", .files = {"consumer-lag"}},
      {.test = "test_lost_acks_redelivery", .files = {"redelivery"}},
      {.test = "test_lost_pubacks_one_effect", .files = {"puback-lost"}},
      {.test = "test_recovery_slo_nats", .files = {"nats-kill-slo"}, .repeated = true},
      {.test = "test_recovery_slo_router", .files = {"supervisor-kill-slo"}, .repeated = true},
      {.test = "test_router_role_kill_recovery", .files = {"role-kill"}},
      {.test = "test_network_partition_recovery", .files = {"nats-unreachable"}},
      {.test = "test_router_drain_loses_nothing", .files = {"router-drain"}}};
  return kCases;
}

// Shipped experiments are valid: a test of the experiment folder sees to that.
experiment::Experiment load(const std::string& file) {
  auto parsed = experiment::load_experiment(fmt::format("{}/experiments/{}.yaml", SQUALL_SOURCE_DIR, file));
  if (!parsed.ok()) std::fprintf(stderr, "%s\n", experiment::to_text(parsed.mistakes).c_str());
  SQUALL_CHECK(parsed.ok());
  return std::move(parsed.experiment);
}

// When a step strikes, as far as it is known beforehand: one that follows another's effect, so long after it.
base::Nanos time_of(const fault::Step& step) {
  const auto* after = std::get_if<fault::AfterFault>(&step.trigger);
  return after != nullptr ? after->wait : step.fault.at;
}

// Kills are each a trial of their own here; what goes on on a link belongs together.
void append_trials(std::vector<fault::PlannedTrial>& trials, const fault::TrialSteps& planned) {
  std::vector<fault::Fault> on_link;
  for (const fault::Step& step : planned.steps) {
    fault::Fault fault = step.fault;
    if (std::holds_alternative<fault::Kill>(fault.action)) {
      trials.push_back({.number = static_cast<int>(trials.size()) + 1, .faults = {std::move(fault)}});
      continue;
    }
    fault.at = time_of(step);
    on_link.push_back(std::move(fault));
  }
  if (!on_link.empty()) {
    trials.push_back({.number = static_cast<int>(trials.size()) + 1, .faults = std::move(on_link)});
  }
}

PlannedCase planned_case(const CaseFiles& of, const PlanOptions& options) {
  PlannedCase planned{.name = of.test, .work_time = of.work_time};
  for (const char* file : of.files) {
    const experiment::Experiment experiment = load(file);
    experiment::PlanOptions wanted{.seed = options.seed};
    if (of.repeated) wanted.trials = options.repeat;
    const experiment::Planned plan = plan_experiment(experiment, wanted);
    SQUALL_CHECK(plan.ok());
    for (const fault::TrialSteps& trial : plan.plan.trials) append_trials(planned.trials, trial);
    if (file != of.files.front()) continue;
    planned.purpose = experiment.purpose;
    planned.failure_modes = experiment.failure_modes;
    planned.slo = experiment.expect.first_output.loosest().value_or(planned.slo);
  }
  return planned;
}

}  // namespace

std::vector<PlannedCase> planned_cases(const PlanOptions& options) {
  std::vector<PlannedCase> cases;
  cases.reserve(case_files().size());
  for (const CaseFiles& each : case_files()) cases.push_back(planned_case(each, options));
  return cases;
}

bool matches(std::string_view name, std::string_view pattern) {
  return pattern.empty() || fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

std::string describe_plan(const std::vector<PlannedCase>& cases, std::string_view only) {
  std::string text;
  for (const PlannedCase& planned : cases) {
    if (!matches(planned.name, only)) continue;
    std::string modes;
    for (const std::string& mode : planned.failure_modes) modes += "  " + mode;
    text += fmt::format("{}{}\n    {}\n", planned.name, modes, planned.purpose);
    if (planned.trials.empty()) text += "    trial  1   no fault\n";
    for (const fault::PlannedTrial& trial : planned.trials) {
      for (const fault::Fault& fault : trial.faults) {
        text += fmt::format("    trial {:>2}   after {:>5}  {}\n", trial.number,
                            base::format_duration(fault.at), fault::describe(fault.action));
      }
    }
  }
  return text;
}

}  // namespace squall::router_chaos
