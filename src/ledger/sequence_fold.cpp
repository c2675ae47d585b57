#include "ledger/sequence_fold.h"

namespace squall::ledger {

void SequenceFold::add(OpId id, std::uint32_t producer, std::uint32_t order_key, std::uint64_t stream_seq,
                       base::Instant at) {
  look_at(OrderScope::producer, of_producer_[producer], id, stream_seq, at);
  if (order_key == 0) return;
  look_at(OrderScope::order_key, of_key_[std::uint64_t{producer} << 32 | order_key], id, stream_seq, at);
}

void SequenceFold::look_at(OrderScope scope, Last& last, OpId id, std::uint64_t stream_seq,
                           base::Instant at) {
  if (last.any && stream_seq != 0 && stream_seq < last.stream_seq) return;
  if (last.any && id < last.id) {
    if (inversions_.size() < kMaxInversions) {
      inversions_.push_back({scope, id, last.id, at});
    } else {
      ++more_;
    }
  } else {
    last.id = id;
  }
  last.stream_seq = stream_seq;
  last.any = true;
}

}  // namespace squall::ledger
