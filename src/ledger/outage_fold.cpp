#include "ledger/outage_fold.h"

#include <algorithm>

namespace squall::ledger {

void OutageFold::add(const Ended& operation) {
  std::optional<Outage>& open = open_[static_cast<std::size_t>(operation.kind) % kOperationKinds];
  // A core publish is never answered: that it was handed over is all that it can come to.
  if (operation.ok || (operation.unknown && operation.kind == OperationKind::core)) {
    remember(operation);
    // One that was sent before the outage and is acknowledged late does not end it.
    if (!open || operation.attempted_at < open->from) return;
    open->until = operation.ended_at;
    keep(*open);
    open.reset();
    return;
  }
  // A time-out is learned of late: what was sent after it may long have been accepted.
  if (const Accepted* later = first_accepted_after(operation.kind, operation.attempted_at)) {
    keep({.kind = operation.kind,
          .from = operation.attempted_at,
          .until = later->ended_at,
          .failed = operation.unknown ? 0 : operation.operations,
          .unknown = operation.unknown ? operation.operations : 0});
    return;
  }
  if (!open) open = Outage{.kind = operation.kind, .from = operation.attempted_at};
  open->from = std::min(open->from, operation.attempted_at);
  (operation.unknown ? open->unknown : open->failed) += operation.operations;
}

void OutageFold::remember(const Ended& operation) {
  std::deque<Accepted>& accepted = accepted_[static_cast<std::size_t>(operation.kind) % kOperationKinds];
  if (!accepted.empty() && operation.attempted_at < accepted.back().attempted_at + kSample) return;
  accepted.push_back({operation.attempted_at, operation.ended_at});
  if (accepted.size() > kMaxAccepted) accepted.pop_front();
}

const OutageFold::Accepted* OutageFold::first_accepted_after(OperationKind kind,
                                                             base::Instant attempted_at) const {
  const std::deque<Accepted>& accepted = accepted_[static_cast<std::size_t>(kind) % kOperationKinds];
  const auto later = std::ranges::upper_bound(accepted, attempted_at, {}, &Accepted::attempted_at);
  return later == accepted.end() ? nullptr : &*later;
}

void OutageFold::keep(const Outage& outage) {
  const auto before = std::find_if(ended_.rbegin(), ended_.rend(),
                                   [&](const Outage& other) { return other.kind == outage.kind; });
  if (before != ended_.rend() && outage.from <= *before->until + kFlutter) {
    before->from = std::min(before->from, outage.from);
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
