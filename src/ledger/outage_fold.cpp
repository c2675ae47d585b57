#include "ledger/outage_fold.h"

#include <algorithm>

namespace squall::ledger {

void OutageFold::add(const Ended& operation) {
  std::optional<Outage>& open = open_[static_cast<std::size_t>(operation.kind) % kOperationKinds];
  if (operation.ok) {
    // One that was sent before the outage and is acknowledged late does not end it.
    if (!open || operation.attempted_at < open->from) return;
    open->until = operation.ended_at;
    keep(*open);
    open.reset();
    return;
  }
  if (!open) open = Outage{.kind = operation.kind, .from = operation.attempted_at};
  open->from = std::min(open->from, operation.attempted_at);
  ++(operation.unknown ? open->unknown : open->failed);
}

void OutageFold::keep(const Outage& outage) {
  const auto before = std::find_if(ended_.rbegin(), ended_.rend(),
                                   [&](const Outage& other) { return other.kind == outage.kind; });
  if (before != ended_.rend() && outage.from <= *before->until + kFlutter) {
    before->until = std::max(before->until, outage.until);
    before->failed += outage.failed;
    before->unknown += outage.unknown;
  } else if (ended_.size() < kMaxOutages) {
    ended_.push_back(outage);
  } else {
    ++more_;
  }
}

std::vector<Outage> OutageFold::outages() const {
  std::vector<Outage> all = ended_;
  for (const auto& open : open_) {
    if (open) all.push_back(*open);
  }
  return all;
}

}  // namespace squall::ledger
