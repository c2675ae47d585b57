// What the suite does, as data: each case with its faults, which the experiments in experiments/ say; the
// suite adds what only it can see (pids, metrics, log lines). `--plan` prints exactly what a run executes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fault/fault.h"
#include "fault/schedule.h"

namespace squall::router_chaos {

struct PlannedCase {
  std::string name;
  std::vector<std::string> failure_modes;
  std::string purpose;
  std::vector<fault::PlannedTrial> trials;     // none: a control, without a fault
  base::Nanos slo = std::chrono::seconds(30);  // of first output, from the effect (or the heal of a freeze)
  std::optional<base::Nanos> time_to_green_slo;
  base::Nanos load_at_least = std::chrono::milliseconds(3500);  // enough for 3,000 requests
  base::Nanos work_time = std::chrono::milliseconds(10);        // of the worker, per assignment
};

struct PlanOptions {
  int repeat = 10;  // trials of each SLO case
  std::uint64_t seed = 7;
};

// All cases in the order in which they run.
std::vector<PlannedCase> planned_cases(const PlanOptions& options);

// The plan as text, of the cases whose name matches `only` (* is a wildcard; empty: all).
std::string describe_plan(const std::vector<PlannedCase>& cases, std::string_view only);
bool matches(std::string_view name, std::string_view pattern);

}  // namespace squall::router_chaos
