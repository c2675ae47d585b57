#include "router/nats/pull_credit.h"

#include <algorithm>

namespace router::nats {

void PullCredit::sent(std::uint64_t pull, int batch, base::Instant gone_at) {
  pulls_.emplace(pull, Pull{batch, gone_at});
  outstanding_ += batch;
}

void PullCredit::received() { outstanding_ = std::max(0, outstanding_ - 1); }

bool PullCredit::ended(std::uint64_t pull, std::optional<int> left) {
  const auto found = pulls_.find(pull);
  if (found == pulls_.end()) return false;
  outstanding_ -= std::clamp(left.value_or(found->second.batch), 0, found->second.batch);
  pulls_.erase(found);
  settle();
  return true;
}

void PullCredit::forget_those_gone(base::Instant now) {
  std::erase_if(pulls_, [&](const auto& entry) { return entry.second.gone_at <= now; });
  settle();
}

void PullCredit::clear() {
  pulls_.clear();
  outstanding_ = 0;
}

void PullCredit::settle() { outstanding_ = pulls_.empty() ? 0 : std::max(0, outstanding_); }

}  // namespace router::nats
