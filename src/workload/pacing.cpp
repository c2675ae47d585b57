#include "workload/pacing.h"

#include <cmath>

#include "base/invariant.h"

namespace squall::workload {
namespace {

double seconds_of(base::Nanos span) { return std::chrono::duration<double>(span).count(); }

// When the stretch has let `inputs` of its inputs out, in seconds from its begin: the root of
// from·t + (to - from)/(2·lasts)·t² = inputs, in the form that does not divide by the slope.
double time_of(const Stretch& stretch, double inputs) {
  if (inputs <= 0) return 0;
  const double slope = (stretch.to - stretch.from) / seconds_of(stretch.lasts);
  return 2 * inputs / (stretch.from + std::sqrt(stretch.from * stretch.from + 2 * slope * inputs));
}

}  // namespace

Pacing ramp(double per_second, base::Nanos over, std::uint32_t burst) {
  return {.per_second = per_second, .burst = burst, .before = {{.from = 0, .to = per_second, .lasts = over}}};
}

Pacing step(double per_second, base::Nanos half_for, std::uint32_t burst) {
  const double half = per_second / 2;
  return {
      .per_second = per_second, .burst = burst, .before = {{.from = half, .to = half, .lasts = half_for}}};
}

base::Nanos due_offset(const Pacing& pacing, std::uint64_t index) {
  SQUALL_CHECK(pacing.per_second > 0 && pacing.burst > 0);
  double inputs = static_cast<double>(index / pacing.burst * pacing.burst);
  double seconds = 0;
  for (const Stretch& stretch : pacing.before) {
    const double all = (stretch.from + stretch.to) / 2 * seconds_of(stretch.lasts);
    if (inputs < all)
      return base::Nanos{static_cast<std::int64_t>((seconds + time_of(stretch, inputs)) * 1e9)};
    inputs -= all;
    seconds += seconds_of(stretch.lasts);
  }
  seconds += inputs / pacing.per_second;
  return base::Nanos{static_cast<std::int64_t>(seconds * 1e9)};
}

}  // namespace squall::workload
