// When the router is overloaded: pure function of the samples that admin takes.
//
// One measure over its threshold: warning (still serving). Two, or pending alone for `active_after`: active.
// Active ends when all three are below half of their thresholds.
#pragma once

#include <cstdint>
#include <optional>

#include "router/board/slot.h"
#include "router/config/router_config.h"

namespace router::roles {

struct LoadSample {
  std::int64_t pending = 0;  // num_pending + num_ack_pending of the decide consumer
  std::chrono::nanoseconds decide_p95{};
  std::int64_t in_flight = 0;
};

class BackpressureMachine {
 public:
  explicit BackpressureMachine(config::BackpressureSettings settings) : settings_(settings) {}

  board::Backpressure update(const LoadSample& sample, squall::base::Instant now);
  board::Backpressure state() const { return state_; }

 private:
  bool below_half(const LoadSample& sample) const;

  config::BackpressureSettings settings_;
  board::Backpressure state_ = board::Backpressure::inactive;
  std::optional<squall::base::Instant> pending_over_since_;
};

}  // namespace router::roles
