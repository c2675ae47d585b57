// Latencies in memory shared by processes: a histogram since the beginning, for Prometheus, and one of the
// last seconds, from which any other process can answer "p95 over the last 5 s". Lock-free on both sides.
//
// The bounds are 1, 1.25, 1.6, 2, … (ten per decade) from 100 µs to 100 s, so a quantile is right within 26 %
// everywhere, and exactly at round values such as the 5 s of the backpressure rule.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace router::board {

using squall::base::Instant;
using squall::base::Nanos;

inline constexpr std::size_t kBoundCount = 61;
inline constexpr std::size_t kBucketCount = kBoundCount + 1;  // the last: above every bound

// The upper bounds, ascending.
const std::array<Nanos, kBoundCount>& latency_bounds();
// The bucket of a latency: the first whose bound is not below it.
std::size_t latency_bucket(Nanos latency);

// A histogram as plain numbers; histograms of several processes add up.
struct LatencyCounts {
  std::array<std::uint64_t, kBucketCount> buckets{};
  Nanos sum{};

  void add(const LatencyCounts& other);
  std::uint64_t total() const;
  // Linear inside the bucket; 100 s for what lies above the last bound. Nothing when nothing was counted.
  std::optional<Nanos> quantile(double q) const;
};

// One process's latencies. Thread: record() from any, reading from any process.
class LatencyRecorder {
 public:
  static constexpr std::int64_t kWindowSeconds = 5;

  void record(Nanos latency, Instant now);

  LatencyCounts since_start() const;
  // The current second, so far, and the four before it. `sum` is not kept for it.
  LatencyCounts recent(Instant now) const;

 private:
  static constexpr std::size_t kRing = 8;

  // Each cell holds the second it counts for in its upper half, so a cell of an older second needs no
  // resetting and no count is lost between two writers at the turn of a second.
  using Cell = std::atomic<std::uint64_t>;
  static_assert(Cell::is_always_lock_free);

  std::array<std::atomic<std::uint64_t>, kBucketCount> total_{};
  std::atomic<std::int64_t> sum_ns_{};
  std::array<std::array<Cell, kBucketCount>, kRing> ring_{};
};

}  // namespace router::board
