// The model of a run's result: what verdict.json holds and every renderer draws from. Plain values.
//
// It is filled by whoever ran the cases (from check/), and judges nothing itself but the sum of the parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "check/totals.h"
#include "check/trials.h"
#include "check/verdict.h"

namespace squall::report {

// Since the fault took effect; of several faults, the worst of each. Nothing: not seen within `observed_for`
// (or not applicable).
struct Phases {
  std::optional<base::Nanos> detected;  // the system said so itself, in its log or metrics
  std::optional<base::Nanos>
      server_back;  // the broker answers, the process runs again, the link's fault is over
  std::optional<base::Nanos> reconnected;
  std::optional<base::Nanos> first_output;
  std::optional<base::Nanos> caught_up;

  bool operator==(const Phases&) const = default;
};

struct StageHits {
  std::string stage;  // "in flight", "waiting for assignment", "waiting for usage"
  std::uint64_t count = 0;

  bool operator==(const StageHits&) const = default;
};

// One of several faults of a trial: clocks of its own, from the instant at which it took effect.
struct FaultReport {
  std::string what;
  base::Nanos after{0};             // since the trial's first fault took effect
  std::optional<base::Nanos> over;  // nothing: never healed, as are the next three
  std::optional<base::Nanos> first_output;
  std::optional<base::Nanos> caught_up;
  std::optional<base::Nanos> green;
  std::uint64_t hits = 0;

  bool operator==(const FaultReport&) const = default;
};
// "5.00 s later SIGKILL to orders: 3 unfinished, over after 20 ms, first output 60 ms, caught up never"
std::string describe(const FaultReport& fault);

// Whom a trial's fault struck: it says what "back" means.
enum class Victim { server, process, link };  // the more telling first

struct TrialReport {
  int number = 1;
  std::string fault;  // "SIGKILL nats-1 (pid 4711)"; empty: a control trial
  Victim victim = Victim::server;
  std::optional<base::Nanos> down_time;
  check::VerdictKind verdict = check::VerdictKind::inconclusive;
  std::vector<std::string> reasons;
  base::Nanos began_at{0};                    // since the run's start, as are the next three
  std::optional<base::Nanos> took_effect_at;  // nothing: the effect was never seen
  std::optional<base::Nanos> healed_at;
  base::Nanos ended_at{0};
  Phases phases;
  std::optional<base::Nanos> time_to_green;  // nothing: never within observed_for()
  std::vector<StageHits> hits;
  // Those that took effect, in that order. `phases` and `time_to_green` hold the worst of each clock.
  std::vector<FaultReport> faults;
  std::string not_measured;  // why the clocks of recovery are not known; empty: they are
  std::uint64_t acked = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::string summary;  // the live line; empty: make_summary() writes one

  std::uint64_t total_hits() const;
  // After the fault took effect.
  base::Nanos observed_for() const;

  bool operator==(const TrialReport&) const = default;
};

// "KILL nats-1 · down 2.00 s · 7 unfinished · server back 2.01 s · first output 2.02 s · caught up 2.40 s"; a
// link is not down, its fault lasts, and is over.
std::string make_summary(const TrialReport& trial);

enum class Group { resilience, messages, observability };
std::string_view to_string(Group group);

struct Assertion {
  Group group = Group::resilience;
  std::string text;  // what is demanded: "the router's pid changed"
  std::string want;
  std::string got;
  bool ok = false;

  bool operator==(const Assertion&) const = default;
};

// A clock over the trials of a case.
struct ClockReport {
  std::string name;  // "first output", "caught up", "time to green"
  check::ClockSummary summary;
  std::optional<base::Nanos> slo;
  std::optional<base::Nanos> bound;  // computed from the configuration (ack_wait + backlog/rate …)

  bool ok() const;  // within both, where given

  bool operator==(const ClockReport&) const = default;
};

// A statement beside the figures: {"how sure", …}, {"not tested", …}, {"floor", …}, {"restarted by", …}.
struct Note {
  std::string label;
  std::string text;

  bool operator==(const Note&) const = default;
};

// Counts per bin from `began_at` on; drawn as the rate.
struct Series {
  std::string name;         // "usage effects"
  base::Nanos began_at{0};  // since the run's start
  base::Nanos bin{100'000'000};
  std::vector<std::uint64_t> counts;

  bool operator==(const Series&) const = default;
};

struct CaseReport {
  std::string name;                        // "test_nats_kill_recovery"
  std::vector<std::string> failure_modes;  // "FM-NATS-001"
  std::string purpose;
  check::VerdictKind verdict = check::VerdictKind::inconclusive;
  std::vector<std::string> reasons;
  base::Nanos began_at{0};  // since the run's start
  base::Nanos took{0};
  std::vector<TrialReport> trials;
  std::vector<Assertion> assertions;
  std::vector<check::Verdict> checks;  // lost, duplicates, …, with their examples
  check::Totals totals;
  std::vector<ClockReport> clocks;
  std::vector<Note> notes;
  std::vector<Series> series;

  bool operator==(const CaseReport&) const = default;
};

struct Version {
  std::string of;  // "nats-server"
  std::string version;

  bool operator==(const Version&) const = default;
};

struct RunReport {
  std::string name;  // of the suite or experiment
  base::WallInstant started;
  base::Nanos took{0};
  std::string command;  // that repeats it
  std::uint64_t seed = 0;
  std::vector<Version> versions;
  std::vector<CaseReport> cases;
  check::Totals totals;
  std::vector<Note> notes;
  std::string evidence;     // the folder's path, for people
  std::size_t not_run = 0;  // cases of the plan that an interruption left out

  check::VerdictKind verdict() const;

  bool operator==(const RunReport&) const = default;
};

// From the trials: first output, caught up and time to green, without SLO and bound.
ClockReport clock_of(std::string name, const std::vector<TrialReport>& trials,
                     std::optional<base::Nanos> (*value)(const TrialReport&));
std::optional<base::Nanos> first_output_of(const TrialReport& trial);
std::optional<base::Nanos> caught_up_of(const TrialReport& trial);
std::optional<base::Nanos> time_to_green_of(const TrialReport& trial);
// The trial with the longest time to green; a censored one is worse than any. Null without trials.
const TrialReport* worst_trial(const CaseReport& report);

// verdict.json. Durations are `_ms` with 1 µs resolution; a censored one is null.
std::string to_json(const RunReport& report);
base::Result<RunReport> from_json(std::string_view text);

}  // namespace squall::report
