// An experiment, as plain data: what its file says with every default filled in. Reading the file is
// parse.h's affair, deciding what happens when is plan.h's, and doing it the runner's.
//
// The sections are grouped as the YAML is; docs/experiment-reference.md explains every field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "experiment/expect_section.h"
#include "experiment/mistake.h"
#include "experiment/nats_section.h"
#include "experiment/process_section.h"
#include "experiment/workload_section.h"
#include "fault/fault.h"
#include "fault/step.h"

namespace squall::experiment {

// At an instant that the seed draws, uniform in the span of TrialSettings::faults_within.
struct AtRandom {
  bool operator==(const AtRandom&) const = default;
};

// Which replicas of a target are struck; the seed chooses.
struct Strike {
  int count = 0;  // 0: all

  bool operator==(const Strike&) const = default;
};

// One fault of the file, before the schedule is drawn.
struct FaultSpec {
  fault::Action action;
  std::string name;  // unique; "kill-orders" when the file gives none
  std::variant<fault::AtTime, AtRandom, fault::AtMoment, fault::AfterFault, fault::WhenProbe> when;
  // Times from effect to heal; one is drawn for each trial, each once before any comes again. Empty: as the
  // action says.
  std::vector<base::Nanos> active_times;
  base::Nanos every{};  // the span between repeats, from injection to injection
  int repeat = 1;
  Strike strike;
  std::string group;  // specs of one group strike together: they share every random choice of a time
  Place place;
};

// A schedule that the seed draws: faults of `choices`, one after the other, each at a random distance from
// the one before.
struct RandomSchedule {
  struct Choice {
    FaultSpec fault;  // its `when`, `every` and `repeat` mean nothing here
    double weight = 1;
  };
  std::string name;
  std::vector<Choice> choices;
  base::Nanos from{};
  // Everything happens in [from, from + lasts], the heals as well, as far as Squall decides them.
  base::Nanos lasts = std::chrono::seconds(30);
  base::Nanos spacing_least = std::chrono::seconds(1);
  base::Nanos spacing_most = std::chrono::seconds(5);
  // Blast radius: so many faults are active at the same time, at most. One that somebody else heals counts as
  // active for spacing_most.
  int at_once = 1;
  Place place;
};

struct Experiment {
  std::string name;
  std::string purpose;                     // one line, for `squall list`
  std::vector<std::string> failure_modes;  // "FM-NATS-001"
  std::filesystem::path file;              // relative paths in the experiment are relative to its folder
  Nats nats;
  std::vector<Process> processes;
  std::vector<Link> links;
  std::vector<Probe> probes;  // besides those that every process and server has
  WorkloadSpec workload;
  std::vector<FaultSpec> faults;
  std::vector<RandomSchedule> random;
  Expectations expect;
  TrialSettings trials;
  std::uint64_t seed = 1;
  Allow allow;
  std::vector<AbortCondition> abort;
  // Values that came from the environment through ${env.NAME}: redact() (read_secret.h) replaces them in
  // whatever is printed or stored.
  std::vector<std::pair<std::string, std::string>> from_environment;

  const Process* find_process(std::string_view process) const;
};

}  // namespace squall::experiment
