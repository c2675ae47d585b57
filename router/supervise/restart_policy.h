// When a dead child is started again: two small state machines without a clock of their own.
#pragma once

#include <deque>

#include "base/clock.h"

namespace router::supervise {

using squall::base::Instant;
using squall::base::Nanos;

// The supervisor's: at most `restarts` of its roles within a sliding span.
class RestartIntensity {
 public:
  RestartIntensity(int restarts, Nanos within) : restarts_(restarts), within_(within) {}

  // A child that counts has died. False: it is one too many, give up.
  bool allows_restart(Instant died);

 private:
  int restarts_;
  Nanos within_;
  std::deque<Instant> deaths_;
};

// The guardian's: doubles from min to max, and returns to min once a child ran for `stable_after`.
class Backoff {
 public:
  struct Bounds {
    Nanos min;
    Nanos max;
    Nanos stable_after;
  };
  explicit Backoff(Bounds bounds) : bounds_(bounds), next_(bounds.min) {}

  // How long to wait before the next start, given how long the child that just died had run.
  Nanos after_run_of(Nanos uptime);

 private:
  Bounds bounds_;
  Nanos next_;
};

}  // namespace router::supervise
