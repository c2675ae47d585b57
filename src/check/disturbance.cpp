#include "check/disturbance.h"

#include <algorithm>

namespace squall::check {

bool within(const std::vector<Disturbance>& disturbances, base::Instant at) {
  return std::any_of(disturbances.begin(), disturbances.end(), [at](const Disturbance& disturbance) {
    return at >= disturbance.from && (!disturbance.until || at <= *disturbance.until);
  });
}

}  // namespace squall::check
