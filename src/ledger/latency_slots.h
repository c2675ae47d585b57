// Latencies by the second in which their input was due, so that whoever judges can leave out the seconds that
// a fault touched, which is known only afterwards.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace squall::ledger {

// A histogram of µs with 64 steps to each doubling: a percentile is exact to 1.6 %.
class LatencyHistogram {
 public:
  static std::size_t bucket_of(std::uint64_t us);
  // The largest value that falls into the bucket.
  static std::uint64_t upper_bound_us(std::size_t bucket);

  void add(std::uint64_t us);
  void add(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  // The smallest bound that at least that share (0 … 1) keep; count() > 0.
  base::Nanos quantile(double share) const;
  // Exact to a bucket: those in the limit's own bucket keep it.
  std::uint64_t slower_than(base::Nanos limit) const;

 private:
  std::vector<std::uint32_t> buckets_;
  std::uint64_t count_ = 0;
};

// A span to leave out.
struct LatencySpan {
  base::Instant from;
  base::Instant until;
};

class LatencySlots {
 public:
  explicit LatencySlots(base::Instant start) : start_(start) {}

  void add(base::Instant due, base::Nanos latency);
  // Of all slots that no span overlaps.
  LatencyHistogram outside(const std::vector<LatencySpan>& spans) const;

 private:
  // At most so many; then two become one.
  static constexpr std::size_t kMaxSlots = 1024;
  void widen();

  base::Instant start_;
  base::Nanos width_ = std::chrono::seconds(1);
  std::vector<LatencyHistogram> slots_;
};

}  // namespace squall::ledger
