// What is kept of every input for good: three bytes (four with more than two stages). Its outcome, how often
// it had each effect, what was odd about it and a byte of its checksum; no times, no sequences (those are
// facts.h's, for a bounded set).
//
// Copies share their memory until one of them changes it, so that a copy of a ledger costs next to nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/record.h"

namespace squall::ledger {

enum class State : std::uint8_t { open, ok, failed, unknown };
std::string_view to_string(State state);

// A value; what is put into it must be given back with CardTable::set().
class Card {
 public:
  enum Flag : std::uint64_t {
    retried = 1U << 2,
    maybe_accepted = 1U << 3,  // an attempt ended unknown: a later failure does not undo that
    filtered = 1U << 4,        // declared to have no effect
    corrupted = 1U << 5,       // something came through with another checksum
    confirmed = 1U << 6,       // our consumer's ack of it was confirmed
    duplicate_ack = 1U << 7,   // the server refused to store it a second time
  };

  explicit Card(std::uint64_t bits = 0) : bits_(bits) {}

  State state() const { return static_cast<State>(bits_ & 3); }
  bool has(Flag flag) const { return (bits_ & flag) != 0; }
  // How often the scan found it: 0, 1, or 2 for more.
  std::uint32_t stored() const { return (bits_ >> kStoredShift) & 3; }
  // How often it was delivered: 0, 1, or 2 for more.
  std::uint32_t delivered() const { return (bits_ >> kDeliveredShift) & 3; }

  // Eight bits of the payload's checksum; nothing if there is none.
  std::optional<std::uint8_t> checksum() const {
    const auto folded = static_cast<std::uint8_t>(bits_ >> kChecksumShift);
    return folded == 0 ? std::nullopt : std::optional(folded);
  }

  void set(State state) { bits_ = (bits_ & ~std::uint64_t{3}) | static_cast<std::uint64_t>(state); }
  void set(Flag flag) { bits_ |= flag; }
  void count_stored() { count(kStoredShift); }
  void set_checksum(std::uint32_t checksum) { bits_ |= std::uint64_t{folded(checksum)} << kChecksumShift; }
  // Never 0, which stands for none.
  static std::uint8_t folded(std::uint32_t checksum) { return static_cast<std::uint8_t>(1 + checksum % 255); }
  void count_delivered() { count(kDeliveredShift); }
  std::uint64_t bits() const { return bits_; }

 private:
  friend class CardTable;
  static constexpr int kStoredShift = 8;
  static constexpr int kDeliveredShift = 10;
  static constexpr int kChecksumShift = 12;
  static constexpr int kStageShift = 20;

  void count(int shift) {
    if (((bits_ >> shift) & 3) < 2) bits_ += std::uint64_t{1} << shift;
  }

  std::uint64_t bits_;
};

class CardTable {
 public:
  explicit CardTable(const Layout& layout);

  std::uint64_t size() const { return size_; }
  // id < size().
  Card get(OpId id) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, place(id), sizeof bits);
    return Card(bits & mask_);
  }
  void set(OpId id, Card card);
  void append(Card card, std::uint64_t times = 1);

  // Effects of that stage; saturates above the layout's fan-out.
  std::uint32_t effects(Card card, Stage stage) const {
    return static_cast<std::uint32_t>(card.bits_ >> shift_of(stage)) & most_;
  }
  void set_effects(Card& card, Stage stage, std::uint32_t count) const {
    const std::uint64_t field = std::uint64_t{most_} << shift_of(stage);
    card.bits_ = (card.bits_ & ~field) | std::uint64_t{std::min(count, most_)} << shift_of(stage);
  }
  bool has_effect(Card card) const { return card.bits_ >> Card::kStageShift != 0; }
  // All declared effects of all stages are there.
  bool complete(Card card) const {
    if (card.has(Card::filtered)) return true;
    for (std::size_t stage = 0; stage < fan_out_.size(); ++stage) {
      if (effects(card, static_cast<Stage>(stage)) < fan_out_[stage]) return false;
    }
    return true;
  }
  // The final stage's are there.
  bool finished(Card card) const {
    if (card.has(Card::filtered)) return card.state() != State::open;
    return effects(card, static_cast<Stage>(fan_out_.size() - 1)) >= fan_out_.back();
  }
  // More effects in a stage than declared.
  bool surplus(Card card, Stage stage) const {
    return effects(card, stage) > (card.has(Card::filtered) ? 0 : fan_out_[stage]);
  }

 private:
  static constexpr std::uint64_t kPerChunk = 1 << 16;
  struct Chunk {
    std::vector<char> bytes;
  };

  int shift_of(Stage stage) const { return Card::kStageShift + stage * width_; }
  char* writable(OpId id);  // its place in a chunk that no copy shares
  const char* place(OpId id) const {
    return chunks_[id / kPerChunk]->bytes.data() + (id % kPerChunk) * stride_;
  }

  std::vector<std::uint32_t> fan_out_;  // of every stage
  int width_ = 2;                       // bits per stage
  std::uint32_t most_ = 3;
  std::size_t stride_ = 2;
  std::uint64_t mask_ = 0;
  std::uint64_t size_ = 0;
  std::vector<std::shared_ptr<Chunk>> chunks_;
};

}  // namespace squall::ledger
