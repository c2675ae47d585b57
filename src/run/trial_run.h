// One trial: baseline, faults, recovery; and what is known of it afterwards.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fault/step.h"
#include "report/run_report.h"
#include "run/green_clocks.h"
#include "run/running_system.h"
#include "run/strike.h"
#include "workload/workload.h"

namespace squall::run {

// What a trial needs of its run. Lifetime: all of it outlives the trial.
struct TrialPlace {
  Session& session;
  const experiment::Experiment& experiment;
  RunningSystem& system;
  workload::Workload& load;
  // The backlog probe is red from here on for what was sent before; set by the trial.
  std::optional<base::Instant>& disturbed_at;
  // What an earlier trial lost for good was sent before it; set by the trial.
  std::optional<base::Instant>& given_up_at;
  // Fed with every observation while it is there; set by the trial.
  std::optional<GreenClocks>& green;
  // Called once its faults are over, also on the way out of an interrupted trial.
  std::function<void(const std::vector<Struck>&)> record_faults;
};

struct TrialResult {
  report::TrialReport report;
  std::vector<Struck> struck;
  base::Instant observed_from;   // the trial's start: inputs attempted before it belong to earlier trials
  base::Instant observed_until;  // its end; nothing where it ended before its faults
};

TrialResult run_trial(TrialPlace place, const fault::TrialSteps& planned);

// An accepted input that is unfinished for longer than this is backlog.
inline constexpr base::Nanos kNormalAge = std::chrono::milliseconds(250);
// Where inputs wait for longer without a fault, too, twice that; and never more than this.
inline constexpr base::Nanos kLongestNormalAge = std::chrono::seconds(5);

}  // namespace squall::run
