#include "router/supervise/restart_policy.h"

#include <algorithm>
#include <utility>

namespace router::supervise {

bool RestartIntensity::allows_restart(Instant died) {
  while (!deaths_.empty() && died - deaths_.front() >= within_) deaths_.pop_front();
  deaths_.push_back(died);
  return deaths_.size() <= static_cast<std::size_t>(restarts_);
}

Nanos Backoff::after_run_of(Nanos uptime) {
  if (uptime >= bounds_.stable_after) next_ = bounds_.min;
  return std::exchange(next_, std::min(next_ * 2, bounds_.max));
}

}  // namespace router::supervise
