// The `expect:`, `trials:`, `allow:` and `abort:` sections: what must hold, how often it is tried, and what
// Squall may and may not do for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace squall::experiment {

// Bounds of a clock over all trials, each as far as it is given. Below 59 trials p95 is the worst of n.
struct ClockBound {
  std::optional<base::Nanos> p50;
  std::optional<base::Nanos> p95;
  std::optional<base::Nanos> p99;
  std::optional<base::Nanos> max;

  bool any() const { return p50 || p95 || p99 || max; }
  // The largest bound: what a single trial may take at most.
  std::optional<base::Nanos> loosest() const;
  bool operator==(const ClockBound&) const = default;
};

// How many losses of each cause are accepted; nothing: that cause is not judged.
struct LossBound {
  std::optional<std::int64_t> in_nats = 0;
  std::optional<std::int64_t> by_service = 0;
  std::optional<std::int64_t> stranded = 0;
  std::optional<std::int64_t> pending = 0;

  bool operator==(const LossBound&) const = default;
};

// What the system promises of the effects of an input that it acknowledged.
enum class Effects {
  kExactlyOnce,  // one of each kind
  kAtLeastOnce,  // more are fine, none is a loss
  kAtMostOnce,   // none is fine; whether it is caught up cannot be told then
};

enum class Order { kNotJudged, kPerKey, kTotal };

// Which of the faults of a run must strike unfinished work for its verdict to count.
struct HitBound {
  enum class Kind { kAll, kSome, kShare, kNotJudged };
  Kind kind = Kind::kAll;
  double share = 1;  // of the trials, with kShare

  bool operator==(const HitBound&) const = default;
};

struct Expectations {
  // Says which of `lost` and `duplicates` are judged, where they do not say it themselves.
  Effects effects = Effects::kExactlyOnce;
  ClockBound first_output;
  ClockBound caught_up;
  ClockBound time_to_green;
  ClockBound latency;  // of inputs outside [fault, caught up]
  LossBound lost;
  std::optional<std::int64_t> duplicates = 0;  // nothing: not judged
  std::optional<std::int64_t> unexpected = 0;
  std::optional<std::int64_t> corrupted = 0;  // judged where an effect carries something
  std::optional<base::Nanos> unavailable;     // the longest time without anybody being able to publish
  Order order = Order::kNotJudged;
  std::optional<double> errors;  // the largest share of inputs that may fail or stay unknown
  HitBound hit;

  // Some loss is not judged at all: an input that waits and one that is gone look the same.
  bool allows_losses() const { return effects == Effects::kAtMostOnce; }
  // Some may be missing without a violation: what waits for them must not wait for ever.
  bool tolerates_losses() const {
    const auto some = [](const std::optional<std::int64_t>& most) { return !most || *most > 0; };
    return allows_losses() || some(lost.in_nats) || some(lost.by_service) || some(lost.stranded) ||
           some(lost.pending);
  }
  // A clock is judged that only stops when everything of before is done.
  bool asks_to_catch_up() const { return caught_up.any() || time_to_green.any(); }
  bool operator==(const Expectations&) const = default;
};

struct TrialSettings {
  int count = 10;
  base::Nanos baseline = std::chrono::seconds(1);         // load without a fault before each trial's faults
  base::Nanos faults_within = std::chrono::seconds(3);    // `when: random` draws from this span
  base::Nanos hold = std::chrono::milliseconds(500);      // green for so long is green
  base::Nanos recover_within = std::chrono::seconds(60);  // then the trial is censored: it never came back
  base::Nanos drain_within = std::chrono::seconds(60);    // after the last trial
  base::Nanos control = std::chrono::seconds(3);          // the trial without a fault; 0: none

  bool operator==(const TrialSettings&) const = default;
};

struct Allow {
  std::vector<std::string> hosts;  // of attached servers that are not on loopback
  bool other_publishers = false;   // on the input subject
  bool other_consumers = false;    // of the effect's stream
  int processes = 0;               // more than this many struck at once is an error; 0: as the targets say

  bool operator==(const Allow&) const = default;
};

// Stops the run, heals, and says why, within a second. Verdict: inconclusive.
struct AbortCondition {
  std::string probe;  // red for longer than `red_for`; or
  base::Nanos red_for{};
  base::Nanos after{};  // so long after the start of the run

  bool operator==(const AbortCondition&) const = default;
};

}  // namespace squall::experiment
