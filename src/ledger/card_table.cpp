#include "ledger/card_table.h"

namespace squall::ledger {

std::string_view to_string(State state) {
  switch (state) {
    case State::open:
      return "open";
    case State::ok:
      return "ok";
    case State::failed:
      return "failed";
    case State::unknown:
      break;
  }
  return "unknown";
}

CardTable::CardTable(const Layout& layout) {
  for (std::size_t stage = 0; stage < layout.stages.size(); ++stage) {
    fan_out_.push_back(layout.fan_out_of(static_cast<Stage>(stage)));
  }
  if (*std::max_element(fan_out_.begin(), fan_out_.end()) > 2) width_ = 4;
  most_ = (1U << width_) - 1;
  const int bits = Card::kStageShift + static_cast<int>(fan_out_.size()) * width_;
  stride_ = static_cast<std::size_t>((bits + 7) / 8);
  mask_ = (std::uint64_t{1} << (8 * stride_)) - 1;
}

char* CardTable::writable(OpId id) {
  std::shared_ptr<Chunk>& chunk = chunks_[id / kPerChunk];
  if (chunk.use_count() > 1) chunk = std::make_shared<Chunk>(*chunk);
  return chunk->bytes.data() + (id % kPerChunk) * stride_;
}

void CardTable::set(OpId id, Card card) {
  char* place = writable(id);
  // Eight bytes are read and written, of which only ours change; a chunk has room behind its last card.
  std::uint64_t there = 0;
  std::memcpy(&there, place, sizeof there);
  there = (there & ~mask_) | (card.bits_ & mask_);
  std::memcpy(place, &there, sizeof there);
}

void CardTable::append(Card card, std::uint64_t times) {
  const std::uint64_t bits = card.bits_ & mask_;
  for (std::uint64_t left = times; left > 0;) {
    if (size_ % kPerChunk == 0) {
      auto chunk = std::make_shared<Chunk>();
      chunk->bytes.resize(kPerChunk * stride_ + sizeof(std::uint64_t));
      chunks_.push_back(std::move(chunk));
    }
    const std::uint64_t fits = std::min(left, kPerChunk - size_ % kPerChunk);
    char* place = writable(size_);
    // There is nothing behind the last card yet that eight bytes could spoil.
    for (std::uint64_t n = 0; n < fits; ++n, place += stride_) std::memcpy(place, &bits, sizeof bits);
    size_ += fits;
    left -= fits;
  }
}

}  // namespace squall::ledger
