#include "router/roles/circuit_breaker.h"

#include <algorithm>

namespace router::roles {

using board::Breaker;

bool CircuitBreaker::admit(Instant now) {
  switch (state(now)) {
    case Breaker::closed:
      return true;
    case Breaker::open:
      return false;
    case Breaker::half_open:
      break;
  }
  std::erase_if(leases_, [&](Instant ends) { return ends <= now; });
  if (leases_.size() >= static_cast<std::size_t>(settings_->half_open_probes)) return false;
  leases_.push_back(now + settings_->probe_lease);
  return true;
}

void CircuitBreaker::record(bool success, Instant now) {
  last_outcome_ = now;
  switch (state(now)) {
    case Breaker::open:
      return;  // work from before
    case Breaker::half_open:
      if (!leases_.empty()) leases_.erase(leases_.begin());
      if (!success) {
        open(now);
      } else if (++probe_successes_ >= settings_->successes_to_close) {
        *this = CircuitBreaker(*settings_);
        last_outcome_ = now;
      }
      return;
    case Breaker::closed:
      break;
  }
  count(success, now);
  failures_in_a_row_ = success ? 0 : failures_in_a_row_ + 1;
  if (failures_in_a_row_ >= settings_->consecutive_failures || fails_too_often(now)) open(now);
}

Breaker CircuitBreaker::state(Instant now) const {
  if (!open_) return Breaker::closed;
  return now - opened_at_ >= settings_->open_for ? Breaker::half_open : Breaker::open;
}

bool CircuitBreaker::is_forgettable(Instant now) const {
  return !open_ && failures_in_a_row_ == 0 && now - last_outcome_ > settings_->window;
}

void CircuitBreaker::open(Instant now) {
  *this = CircuitBreaker(*settings_);
  open_ = true;
  opened_at_ = now;
  last_outcome_ = now;
}

void CircuitBreaker::count(bool success, Instant now) {
  const auto number = slice_number(now);
  auto& slice = slices_[static_cast<std::size_t>(number) % kSlices];
  if (slice.number != number) slice = {.number = number};
  ++slice.calls;
  if (!success) ++slice.failures;
}

bool CircuitBreaker::fails_too_often(Instant now) const {
  const auto oldest = slice_number(now) - static_cast<std::int64_t>(kSlices) + 1;
  int calls = 0;
  int failures = 0;
  for (const auto& slice : slices_) {
    if (slice.number < oldest) continue;
    calls += slice.calls;
    failures += slice.failures;
  }
  return calls >= settings_->minimum_calls && failures >= settings_->failure_ratio * calls;
}

std::int64_t CircuitBreaker::slice_number(Instant now) const {
  const auto slice = std::max<squall::base::Nanos>(settings_->window / kSlices, std::chrono::nanoseconds(1));
  return now.time_since_epoch() / slice;
}

bool BreakerBank::admit(const std::string& tenant, const std::string& provider, Instant now) {
  const auto found = breakers_.find({tenant, provider});
  return found == breakers_.end() || found->second.admit(now);
}

void BreakerBank::record(const std::string& tenant, const std::string& provider, bool success, Instant now) {
  const Key key{tenant, provider};
  auto found = breakers_.find(key);
  if (found == breakers_.end()) {
    if (breakers_.size() >= kMost) return;
    found = breakers_.emplace(key, CircuitBreaker(settings_)).first;
  }
  const auto before = found->second.state(now);
  found->second.record(success, now);
  tell_if_changed(key, before, found->second.state(now));
}

std::vector<BreakerBank::Entry> BreakerBank::entries(Instant now) const {
  std::vector<Entry> entries;
  for (const auto& [key, breaker] : breakers_) entries.push_back({key.first, key.second, breaker.state(now)});
  return entries;
}

void BreakerBank::forget_idle(Instant now) {
  std::erase_if(breakers_, [&](const auto& entry) { return entry.second.is_forgettable(now); });
}

void BreakerBank::tell_if_changed(const Key& key, Breaker before, Breaker after) {
  if (before != after && on_change_) on_change_(key.first, key.second, after);
}

}  // namespace router::roles
