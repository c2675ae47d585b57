#include "router/board/latency.h"

#include <algorithm>

namespace router::board {
namespace {

constexpr std::array<int, 10> kDecade{1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000};

constexpr std::array<Nanos, kBoundCount> make_bounds() {
  std::array<Nanos, kBoundCount> bounds{};
  std::int64_t scale = 100;  // ns per thousandth: the first decade begins at 100 µs
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    bounds[i] = Nanos{kDecade[i % kDecade.size()] * scale};
    if (i % kDecade.size() == kDecade.size() - 1) scale *= 10;
  }
  return bounds;
}

constexpr auto kBounds = make_bounds();
static_assert(kBounds.front() == std::chrono::microseconds{100} &&
              kBounds.back() == std::chrono::seconds{100});

std::int64_t second_of(Instant now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

constexpr std::uint64_t tag_of(std::int64_t second) { return static_cast<std::uint64_t>(second) << 32; }
constexpr std::uint64_t kCountMask = 0xffff'ffffULL;

}  // namespace

const std::array<Nanos, kBoundCount>& latency_bounds() { return kBounds; }

std::size_t latency_bucket(Nanos latency) {
  return static_cast<std::size_t>(std::ranges::lower_bound(kBounds, latency) - kBounds.begin());
}

void LatencyCounts::add(const LatencyCounts& other) {
  for (std::size_t i = 0; i < kBucketCount; ++i) buckets[i] += other.buckets[i];
  sum += other.sum;
}

std::uint64_t LatencyCounts::total() const {
  std::uint64_t all = 0;
  for (const std::uint64_t count : buckets) all += count;
  return all;
}

std::optional<Nanos> LatencyCounts::quantile(double q) const {
  const std::uint64_t all = total();
  if (all == 0) return std::nullopt;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < kBoundCount; ++i) {
    const double here = static_cast<double>(buckets[i]);
    if (here > 0 && below + here >= rank) {
      const double low = i == 0 ? 0.0 : static_cast<double>(kBounds[i - 1].count());
      const double high = static_cast<double>(kBounds[i].count());
      return Nanos{static_cast<std::int64_t>(low + (high - low) * (rank - below) / here)};
    }
    below += here;
  }
  return kBounds.back();
}

void LatencyRecorder::record(Nanos latency, Instant now) {
  const std::size_t bucket = latency_bucket(latency);
  total_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(latency.count(), std::memory_order_relaxed);

  const std::int64_t second = second_of(now);
  Cell& cell = ring_[static_cast<std::size_t>(second) % kRing][bucket];
  std::uint64_t seen = cell.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    const bool same_second = (seen & ~kCountMask) == tag_of(second);
    next = same_second ? seen + 1 : tag_of(second) + 1;
  } while (!cell.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

LatencyCounts LatencyRecorder::since_start() const {
  LatencyCounts counts;
  for (std::size_t i = 0; i < kBucketCount; ++i)
    counts.buckets[i] = total_[i].load(std::memory_order_relaxed);
  counts.sum = Nanos{sum_ns_.load(std::memory_order_relaxed)};
  return counts;
}

LatencyCounts LatencyRecorder::recent(Instant now) const {
  LatencyCounts counts;
  const std::int64_t last = second_of(now);
  for (std::int64_t second = std::max<std::int64_t>(0, last - kWindowSeconds + 1); second <= last; ++second) {
    const auto& row = ring_[static_cast<std::size_t>(second) % kRing];
    for (std::size_t i = 0; i < kBucketCount; ++i) {
      const std::uint64_t cell = row[i].load(std::memory_order_relaxed);
      if ((cell & ~kCountMask) == tag_of(second)) counts.buckets[i] += cell & kCountMask;
    }
  }
  return counts;
}

}  // namespace router::board
