#include "probe/time_to_green.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/invariant.h"

namespace squall::probe {

TimeToGreen::TimeToGreen(Options options) : options_(std::move(options)) {
  SQUALL_CHECK(!options_.required.empty());
  for (const std::string& probe : options_.required) runs_.push_back({.probe = probe});
}

void TimeToGreen::observe(std::string_view probe, const Observation& observation) {
  if ((green_at_ && !disturbed_) || observation.asked_at < options_.effect_at) return;
  const auto run = std::ranges::find(runs_, probe, &Run::probe);
  if (run == runs_.end()) return;

  run->reason = observation.reason;
  if (observation.answer != Answer::kGreen) {
    run->green_since.reset();
    green_at_.reset();
    if (!first_not_green_at_) first_not_green_at_ = observation.answered_at;
    return;
  }
  if (!run->green_since) run->green_since = observation.answered_at;
  run->green_until = observation.asked_at;

  // The span begins when the last probe became green, and reaches as far as every one is confirmed.
  base::Instant since = options_.effect_at;
  base::Instant until = base::Instant::max();
  for (const Run& other : runs_) {
    if (!other.green_since) return;
    since = std::max(since, *other.green_since);
    until = std::min(until, other.green_until);
  }
  if (!green_at_ && until >= since && until - since >= options_.hold) green_at_ = since;
}

std::optional<base::Nanos> TimeToGreen::time_to_green() const {
  if (!green_at_) return std::nullopt;
  return *green_at_ - options_.effect_at;
}

std::vector<std::string> TimeToGreen::waiting_for() const {
  std::vector<std::string> waiting;
  if (green_at_) return waiting;
  for (const Run& run : runs_) {
    if (run.green_since) continue;
    waiting.push_back(run.reason.empty() ? run.probe : fmt::format("{}: {}", run.probe, run.reason));
  }
  return waiting;
}

}  // namespace squall::probe
