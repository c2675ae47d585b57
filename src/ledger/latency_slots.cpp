#include "ledger/latency_slots.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace squall::ledger {
namespace {

constexpr int kStepBits = 6;

}  // namespace

// Below 64 µs a bucket each; above, 64 to each doubling.
std::size_t LatencyHistogram::bucket_of(std::uint64_t us) {
  const int doubling = std::max(0, static_cast<int>(std::bit_width(us)) - 1 - kStepBits);
  return (static_cast<std::size_t>(doubling) << kStepBits) + (us >> doubling);
}

std::uint64_t LatencyHistogram::upper_bound_us(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kStepBits)) return bucket;
  const auto doubling = (bucket >> kStepBits) - 1;
  const std::uint64_t step = bucket - (doubling << kStepBits);
  return ((step + 1) << doubling) - 1;
}

void LatencyHistogram::add(std::uint64_t us) {
  const std::size_t bucket = bucket_of(us);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

base::Nanos LatencyHistogram::quantile(double share) const {
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < buckets_.size(); ++bucket) {
    below += buckets_[bucket];
    if (below >= rank) break;
  }
  return std::chrono::microseconds(upper_bound_us(bucket));
}

std::uint64_t LatencyHistogram::slower_than(base::Nanos limit) const {
  if (limit < base::Nanos{0}) return count_;
  const auto us = std::chrono::floor<std::chrono::microseconds>(limit).count();
  std::uint64_t slow = 0;
  for (std::size_t bucket = bucket_of(static_cast<std::uint64_t>(us)) + 1; bucket < buckets_.size(); ++bucket)
    slow += buckets_[bucket];
  return slow;
}

void LatencySlots::add(base::Instant due, base::Nanos latency) {
  const base::Nanos since = std::max(due - start_, base::Nanos{0});
  while (since / width_ >= static_cast<std::int64_t>(kMaxSlots)) widen();
  const auto slot = static_cast<std::size_t>(since / width_);
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(latency, base::Nanos{0})).count();
  slots_[slot].add(static_cast<std::uint64_t>(us));
}

void LatencySlots::widen() {
  std::vector<LatencyHistogram> wide((slots_.size() + 1) / 2);
  for (std::size_t i = 0; i < slots_.size(); ++i) wide[i / 2].add(slots_[i]);
  slots_ = std::move(wide);
  width_ *= 2;
}

LatencyHistogram LatencySlots::outside(const std::vector<LatencySpan>& spans) const {
  LatencyHistogram sum;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const base::Instant from = start_ + width_ * static_cast<std::int64_t>(i);
    const bool touched = std::any_of(spans.begin(), spans.end(), [&](const LatencySpan& span) {
      return span.from < from + width_ && span.until >= from;
    });
    if (!touched) sum.add(slots_[i]);
  }
  return sum;
}

}  // namespace squall::ledger
