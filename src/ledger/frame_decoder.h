// Takes the records out of one frame of a ledger, in order (docs/ledger-format.md). Not for other folders.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/entry.h"
#include "ledger/ledger_format.h"

namespace squall::ledger {

// Takes values off the front of a payload. After a value that is not there, `broken` stays true.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }
  bool broken() const { return broken_; }
  void give_up() { broken_ = true; }

  std::uint8_t byte() {
    if (at_ == end_) {
      broken_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t piece = byte();
      value |= std::uint64_t{piece & 0x7fU} << shift;
      if ((piece & 0x80U) == 0) return value;
    }
    broken_ = true;
    return 0;
  }
  std::uint64_t delta(std::uint64_t& last) {
    const std::uint64_t zigzag = varint();
    last += (zigzag >> 1) ^ (~(zigzag & 1) + 1);
    return last;
  }
  // 32 bits; anything larger makes no sense.
  std::uint32_t small() {
    const std::uint64_t value = varint();
    if (value > 0xffff'ffffU) broken_ = true;
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8) value |= std::uint32_t{byte()} << shift;
    return value;
  }
  std::string_view text() {
    const std::uint64_t size = varint();
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      broken_ = true;
      return {};
    }
    const std::string_view value(at_, size);
    at_ += size;
    return value;
  }

 private:
  const char* at_;
  const char* end_;
  bool broken_ = false;
};

class FrameDecoder {
 public:
  // Lifetime: of `records` and `layout`, beyond the decoder's.
  FrameDecoder(std::string_view records, const Layout& layout);

  // Null at the end, or if the frame makes no sense (then broken()). Valid until the next call.
  const Entry* next();
  bool broken() const { return cursor_.broken(); }

 private:
  void decode(std::uint8_t head);
  void decode_attempt(std::uint8_t head);
  void decode_run(std::uint8_t head);
  bool next_of_run();
  void decode_circumstance();
  void take_key(std::uint8_t head);
  void take_order(std::uint32_t& order_key, bool& filtered);
  base::Instant time();
  std::string_view reason();

  Cursor cursor_;
  const Layout& layout_;
  Entry entry_;
  std::optional<Circumstance> circumstance_;
  SentRun run_;                  // whose records are given out one by one
  std::uint32_t run_given_ = 0;  // of two for each of its inputs
  std::uint64_t last_time_us_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint32_t last_source_ = 0;
  std::array<std::uint64_t, format::kSeries> last_seq_{};
  std::vector<std::string_view> reasons_;
};

}  // namespace squall::ledger
