#include "ledger/latencies.h"

#include <cmath>

namespace squall::ledger {
namespace {

bool slower(const Latencies::Slow& a, const Latencies::Slow& b) {
  return a.latency != b.latency ? a.latency > b.latency : a.id < b.id;
}

}  // namespace

// Below 64 µs a bucket each; above, 64 to each doubling.
std::size_t Latencies::bucket_of(std::uint64_t us) {
  const int doubling = std::max(0, static_cast<int>(std::bit_width(us)) - 1 - kStepBits);
  return (static_cast<std::size_t>(doubling) << kStepBits) + (us >> doubling);
}

// The largest value that falls into the bucket.
std::uint64_t Latencies::upper_bound_us(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kStepBits)) return bucket;
  const auto doubling = (bucket >> kStepBits) - 1;
  const std::uint64_t step = bucket - (doubling << kStepBits);
  return ((step + 1) << doubling) - 1;
}

void Latencies::add(OpId id, base::Nanos latency) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(latency, base::Nanos{0})).count();
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(us));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  if (slowest_.size() == kKept) {
    if (!slower({latency, id}, slowest_.front())) return;
    std::pop_heap(slowest_.begin(), slowest_.end(), slower);
    slowest_.pop_back();
  }
  slowest_.push_back({latency, id});
  std::push_heap(slowest_.begin(), slowest_.end(), slower);
}

std::optional<base::Nanos> Latencies::quantile(double share) const {
  if (count_ == 0) return std::nullopt;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t below = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    below += buckets_[bucket];
    if (below < rank) continue;
    const auto bound = std::chrono::microseconds(upper_bound_us(bucket));
    return std::min<base::Nanos>(bound, *worst());
  }
  return worst();
}

std::uint64_t Latencies::slower_than(base::Nanos limit) const {
  if (limit < base::Nanos{0}) return count_;
  const auto us = std::chrono::floor<std::chrono::microseconds>(limit).count();
  std::uint64_t slow = 0;
  for (std::size_t bucket = bucket_of(static_cast<std::uint64_t>(us)) + 1; bucket < buckets_.size(); ++bucket)
    slow += buckets_[bucket];
  // Those in the limit's own bucket are told apart among the slowest.
  const auto known = std::count_if(slowest_.begin(), slowest_.end(),
                                   [limit](const Slow& one) { return one.latency > limit; });
  return std::max(slow, static_cast<std::uint64_t>(known));
}

std::optional<base::Nanos> Latencies::worst() const {
  if (count_ == 0) return std::nullopt;
  return std::max_element(slowest_.begin(), slowest_.end(),
                          [](const Slow& a, const Slow& b) { return a.latency < b.latency; })
      ->latency;
}

std::vector<Latencies::Slow> Latencies::slowest() const {
  std::vector<Slow> sorted = slowest_;
  std::sort(sorted.begin(), sorted.end(), slower);
  return sorted;
}

}  // namespace squall::ledger
