#include "ledger/nearest_fault.h"

#include <fmt/format.h>

namespace squall::ledger {
namespace {

bool lasted(const FaultSpan& fault, base::Instant at) {
  return fault.struck.at <= at && fault.healed_at && at <= *fault.healed_at;
}

base::Nanos distance(const FaultSpan& fault, base::Instant at) {
  if (lasted(fault, at)) return base::Nanos{0};
  return at < fault.struck.at ? fault.struck.at - at : at - fault.healed_at.value_or(fault.struck.at);
}

}  // namespace

std::string nearest_fault(const RunFacts& run, base::Instant attempted_at) {
  const FaultSpan* nearest = nullptr;
  for (const FaultSpan& fault : run.faults) {
    if (nearest == nullptr || distance(fault, attempted_at) < distance(*nearest, attempted_at))
      nearest = &fault;
  }
  if (nearest == nullptr) return "";
  const std::string fault = fmt::format("fault {}, of {}", nearest->struck.number, nearest->struck.target);
  if (lasted(*nearest, attempted_at)) return " · attempted during " + fault;
  const std::string how_far = base::format_duration(distance(*nearest, attempted_at));
  if (attempted_at < nearest->struck.at) return fmt::format(" · attempted {} before {}", how_far, fault);
  // Not every fault has an end that Squall sees: whoever restarts an attached process may be somebody else.
  return fmt::format(" · attempted {} after {}{}", how_far, fault,
                     nearest->healed_at ? "" : ", whose end was not seen");
}

}  // namespace squall::ledger
