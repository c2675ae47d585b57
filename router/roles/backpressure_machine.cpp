#include "router/roles/backpressure_machine.h"

namespace router::roles {

using board::Backpressure;

Backpressure BackpressureMachine::update(const LoadSample& sample, squall::base::Instant now) {
  const bool pending_over = sample.pending > settings_.pending;
  if (!pending_over) {
    pending_over_since_.reset();
  } else if (!pending_over_since_) {
    pending_over_since_ = now;
  }
  if (state_ == Backpressure::active) {
    if (below_half(sample)) state_ = Backpressure::inactive;
    return state_;
  }
  const int over = (pending_over ? 1 : 0) + (sample.decide_p95 > settings_.decide_p95 ? 1 : 0) +
                   (sample.in_flight > settings_.in_flight ? 1 : 0);
  const bool pending_too_long = pending_over_since_ && now - *pending_over_since_ >= settings_.active_after;
  if (over >= 2 || pending_too_long) {
    state_ = Backpressure::active;
  } else {
    state_ = over == 1 ? Backpressure::warning : Backpressure::inactive;
  }
  return state_;
}

bool BackpressureMachine::below_half(const LoadSample& sample) const {
  return 2 * sample.pending < settings_.pending && 2 * sample.decide_p95 < settings_.decide_p95 &&
         2 * sample.in_flight < settings_.in_flight;
}

}  // namespace router::roles
