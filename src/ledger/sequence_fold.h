// Whether effects come in the order of their inputs, per producer and per order key, folded as they come.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ledger/record.h"

namespace squall::ledger {

enum class OrderScope : std::uint8_t { producer, order_key };

// An effect that was stored after that of a later input of the same producer (and key).
struct Inversion {
  OrderScope scope = OrderScope::producer;
  OpId id = 0;
  OpId overtaken_by = 0;  // the latest input whose effect was stored before
  base::Instant at;
};

class SequenceFold {
 public:
  // The first effect of an input; in the order in which they were read. One read out of its stream's order
  // is skipped: what it says about order is not known.
  void add(OpId id, std::uint32_t producer, std::uint32_t order_key, std::uint64_t stream_seq,
           base::Instant at);

  const std::vector<Inversion>& inversions() const { return inversions_; }
  // Those that are not among the inversions, because there are too many.
  std::uint64_t more() const { return more_; }

 private:
  static constexpr std::size_t kMaxInversions = 1 << 16;
  struct Last {
    OpId id = 0;
    std::uint64_t stream_seq = 0;
    bool any = false;
  };

  void look_at(OrderScope scope, Last& last, OpId id, std::uint64_t stream_seq, base::Instant at);

  std::unordered_map<std::uint32_t, Last> of_producer_;
  std::unordered_map<std::uint64_t, Last> of_key_;  // by producer and key
  std::vector<Inversion> inversions_;
  std::uint64_t more_ = 0;
};

}  // namespace squall::ledger
