// Which sequences of a stream have been read: a bit each, in blocks that exist only where something was read.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

namespace squall::ledger {

class SeenSeqs {
 public:
  // False: it was there before.
  bool insert(std::uint64_t seq) {
    const std::uint64_t number = seq / kBits;
    if (last_ == nullptr || number != last_number_) {
      last_ = &blocks_[number];  // references into an unordered_map stay valid
      last_number_ = number;
    }
    std::uint64_t& word = (*last_)[(seq % kBits) / 64];
    const std::uint64_t bit = std::uint64_t{1} << (seq % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }
  void erase(std::uint64_t seq) {
    const auto block = blocks_.find(seq / kBits);
    if (block != blocks_.end()) block->second[(seq % kBits) / 64] &= ~(std::uint64_t{1} << (seq % 64));
  }

  SeenSeqs() = default;
  SeenSeqs(const SeenSeqs& other) : blocks_(other.blocks_) {}
  SeenSeqs& operator=(const SeenSeqs& other) {
    if (this == &other) return *this;
    blocks_ = other.blocks_;
    last_ = nullptr;
    return *this;
  }
  ~SeenSeqs() = default;

 private:
  static constexpr std::uint64_t kBits = 512;
  using Block = std::array<std::uint64_t, kBits / 64>;

  std::unordered_map<std::uint64_t, Block> blocks_;
  Block* last_ = nullptr;
  std::uint64_t last_number_ = 0;
};

}  // namespace squall::ledger
