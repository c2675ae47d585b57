#include "ledger/nearest_fault.h"

#include <fmt/format.h>

namespace squall::ledger {
namespace {

bool lasted(const FaultSpan& fault, base::Instant at) {
  return fault.struck.at <= at && fault.healed_at && at <= *fault.healed_at;
}

base::Nanos distance(const FaultSpan& fault, base::Instant at) {
  if (lasted(fault, at)) return base::Nanos{0};
  if (at < fault.struck.at) return fault.struck.at - at;
  return at - fault.healed_at.value_or(fault.struck.at);
}

}  // namespace

std::string nearest_fault(const RunFacts& run, base::Instant attempted_at) {
  const FaultSpan* nearest = nullptr;
  for (const FaultSpan& fault : run.faults) {
    if (nearest == nullptr || distance(fault, attempted_at) < distance(*nearest, attempted_at))
      nearest = &fault;
  }
  if (nearest == nullptr) return "";
  const std::string& target = nearest->struck.target;
  if (lasted(*nearest, attempted_at)) return fmt::format(" · sent while a fault of {} lasted", target);
  const std::string how_far = base::format_duration(distance(*nearest, attempted_at));
  return attempted_at < nearest->struck.at ? fmt::format(" · sent {} before a fault of {}", how_far, target)
                                           : fmt::format(" · sent {} after a fault of {}", how_far, target);
}

}  // namespace squall::ledger
