#include "ledger/slowest.h"

#include <algorithm>

namespace squall::ledger {
namespace {

bool slower(const Slowest::One& a, const Slowest::One& b) {
  return a.latency != b.latency ? a.latency > b.latency : a.id < b.id;
}

}  // namespace

void Slowest::add(OpId id, base::Nanos latency) {
  if (kept_.size() == kKept) {
    if (!slower({latency, id}, kept_.front())) return;
    std::pop_heap(kept_.begin(), kept_.end(), slower);
    kept_.pop_back();
  }
  kept_.push_back({latency, id});
  std::push_heap(kept_.begin(), kept_.end(), slower);
}

std::vector<Slowest::One> Slowest::sorted() const {
  std::vector<One> all = kept_;
  std::sort(all.begin(), all.end(), slower);
  return all;
}

}  // namespace squall::ledger
