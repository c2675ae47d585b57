#include "run/green_clocks.h"

#include <algorithm>

namespace squall::run {

void GreenClocks::begin(base::Instant effect_at) {
  Clock clock{.effect_at = effect_at,
              .green = probe::TimeToGreen(
                  {.required = options_.required, .effect_at = effect_at, .hold = options_.hold})};
  clock.green.while_disturbed(true);
  clocks_.push_back(std::move(clock));
}

void GreenClocks::over(base::Instant effect_at) {
  const auto clock = std::ranges::find_if(
      clocks_, [&](const Clock& each) { return each.effect_at == effect_at && !each.over; });
  if (clock == clocks_.end()) return;
  clock->over = true;
  clock->green.while_disturbed(false);
}

void GreenClocks::all_over() {
  for (Clock& clock : clocks_) {
    clock.over = true;
    clock.green.while_disturbed(false);
  }
}

void GreenClocks::observe(std::string_view probe, const probe::Observation& observation) {
  for (Clock& clock : clocks_) clock.green.observe(probe, observation);
}

bool GreenClocks::all_green() const {
  return !clocks_.empty() && std::ranges::all_of(clocks_, [](const Clock& clock) {
    return clock.over && clock.green.green_at().has_value();
  });
}

std::optional<base::Nanos> GreenClocks::time_to_green(base::Instant effect_at) const {
  std::optional<base::Nanos> longest;
  for (const Clock& clock : clocks_) {
    if (clock.effect_at != effect_at) continue;
    const auto green = clock.green.time_to_green();
    if (!green) return std::nullopt;
    longest = std::max(longest, green);
  }
  return longest;
}

std::vector<std::string> GreenClocks::waiting_for() const {
  for (const Clock& clock : clocks_) {
    if (auto waiting = clock.green.waiting_for(); !waiting.empty()) return waiting;
  }
  return {};
}

}  // namespace squall::run
