// Latencies of the whole run in a small histogram: 64 steps to each doubling, so that a percentile is exact
// to 1.6 %. The slowest are known by name.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ledger/record.h"

namespace squall::ledger {

class Latencies {
 public:
  struct Slow {
    base::Nanos latency;
    OpId id;
  };

  void add(OpId id, base::Nanos latency);

  std::uint64_t count() const { return count_; }
  // The smallest bound that at least that share (0 … 1) of the latencies keep; nothing without any.
  std::optional<base::Nanos> quantile(double share) const;
  // How many were slower, exact to the histogram's step.
  std::uint64_t slower_than(base::Nanos limit) const;
  std::optional<base::Nanos> worst() const;
  // At most 32, the slowest first.
  std::vector<Slow> slowest() const;

 private:
  static constexpr int kStepBits = 6;
  static constexpr std::size_t kKept = 32;
  static std::size_t bucket_of(std::uint64_t us);
  static std::uint64_t upper_bound_us(std::size_t bucket);

  std::vector<std::uint64_t> buckets_;  // of µs
  std::uint64_t count_ = 0;
  std::vector<Slow> slowest_;  // a heap, the quickest of them on top
};

}  // namespace squall::ledger
