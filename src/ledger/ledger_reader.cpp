#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "ledger/crc32c.h"
#include "ledger/ledger_codec.h"
#include "ledger/ledger_format.h"

namespace squall::ledger {
namespace {

using namespace format;

std::uint32_t load_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

// Takes values off the front of a payload. After a value that is not there, `broken` stays true.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }
  bool broken() const { return broken_; }
  void give_up() { broken_ = true; }

  std::uint8_t byte() {
    if (bytes_.empty()) {
      broken_ = true;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
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

  std::string text() {
    const std::uint64_t size = varint();
    if (size > bytes_.size()) {
      broken_ = true;
      return {};
    }
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }

 private:
  std::string_view bytes_;
  bool broken_ = false;
};

// The records of one frame, in order.
class FrameDecoder {
 public:
  FrameDecoder(std::string_view records, const Layout& layout) : cursor_(records), layout_(layout) {}

  // Nothing at the end, or if the frame makes no sense (then broken()).
  std::optional<Record> next() {
    if (cursor_.at_end() || cursor_.broken()) return std::nullopt;
    const std::uint8_t head = cursor_.byte();
    Record record = decode(head);
    if (cursor_.broken()) return std::nullopt;
    return record;
  }
  bool broken() const { return cursor_.broken(); }

 private:
  Record decode(std::uint8_t head) {
    switch (static_cast<Tag>(head & kTagMask)) {
      case Tag::attempt: {
        const base::Instant at = time();
        const OpId id = cursor_.delta(last_id_);
        return Attempt{id, (head & kNumberedKey) != 0 ? numbered(id) : cursor_.text(), at};
      }
      case Tag::ok: {
        const base::Instant at = time();
        const OpId id = cursor_.delta(last_id_);
        return Outcome{id, Acknowledged{cursor_.delta(last_seq_[kAckSeries]), (head & kDuplicate) != 0}, at};
      }
      case Tag::failed: {
        const base::Instant at = time();
        const OpId id = cursor_.delta(last_id_);
        return Outcome{id, Failed{reason()}, at};
      }
      case Tag::unknown: {
        const base::Instant at = time();
        const OpId id = cursor_.delta(last_id_);
        return Outcome{id, Unknown{reason()}, at};
      }
      case Tag::delivery: {
        std::string key = this->key(head);
        const base::Instant at = time();
        const std::uint64_t seq = cursor_.delta(last_seq_[kDeliverySeries]);
        return Delivery{std::move(key), seq, static_cast<std::uint32_t>(cursor_.varint()), at};
      }
      case Tag::effect: {
        const auto stage = static_cast<Stage>(head >> kStageShift);
        std::string key = this->key(head);
        const base::Instant at = time();
        return Effect{stage, std::move(key), cursor_.delta(last_seq_[stage]), at};
      }
    }
    cursor_.give_up();
    return Attempt{};
  }

  std::string numbered(std::uint64_t number) const { return layout_.key_prefix + std::to_string(number); }

  std::string key(std::uint8_t head) {
    return (head & kNumberedKey) != 0 ? numbered(cursor_.delta(last_id_)) : cursor_.text();
  }

  // Modulo 2^64: a hostile file gives odd instants, never undefined ones.
  base::Instant time() {
    const auto start = static_cast<std::uint64_t>(layout_.anchor.mono.time_since_epoch().count());
    return base::Instant{base::Nanos{static_cast<std::int64_t>(start + cursor_.delta(last_time_us_) * 1000)}};
  }

  std::string reason() {
    const std::uint64_t index = cursor_.varint();
    if (index == reasons_.size()) reasons_.push_back(cursor_.text());
    if (index < reasons_.size()) return reasons_[index];
    cursor_.give_up();
    return {};
  }

  Cursor cursor_;
  const Layout& layout_;
  std::uint64_t last_time_us_ = 0;
  std::uint64_t last_id_ = 0;
  std::array<std::uint64_t, kMaxStages + 2> last_seq_{};
  std::vector<std::string> reasons_;
};

struct Frame {
  std::string_view payload;
  std::string problem;  // empty: the frame is whole
};

// `rest` is not empty.
Frame take_frame(std::string_view& rest) {
  if (rest.size() < kFrameHead) return {{}, "the last frame is torn"};
  const std::size_t size = load_u32(rest);
  if (size == 0 || size > kMaxPayload) return {{}, "damaged: a frame of impossible size"};
  if (rest.size() - kFrameHead < size) return {{}, "the last frame is torn"};
  const std::string_view payload = rest.substr(kFrameHead, size);
  if (crc32c(payload) != load_u32(rest.substr(4))) {
    const bool last = rest.size() == kFrameHead + size;
    return {{}, last ? "the last frame is torn (wrong checksum)" : "damaged: a frame has the wrong checksum"};
  }
  rest.remove_prefix(kFrameHead + size);
  return {payload, {}};
}

base::Result<Layout> parse_layout(std::string_view payload) {
  if (payload.front() != static_cast<char>(PayloadKind::layout)) return base::fail("its head is missing");
  try {
    const auto described = nlohmann::json::parse(payload.substr(1));
    Layout layout;
    layout.stages = described.at("stages").get<std::vector<std::string>>();
    layout.key_prefix = described.at("key_prefix").get<std::string>();
    layout.anchor.mono = base::Instant{base::Nanos{described.at("start_mono_ns").get<std::int64_t>()}};
    layout.anchor.wall = base::WallInstant{base::Nanos{described.at("start_wall_ns").get<std::int64_t>()}};
    if (layout.stages.empty() || layout.stages.size() > kMaxStages) return base::fail("impossible stages");
    return layout;
  } catch (const nlohmann::json::exception& error) {
    return base::fail("its head is damaged: {}", error.what());
  }
}

}  // namespace

base::Result<Reading> read(std::string_view bytes, const Visitor& visitor) {
  if (!bytes.starts_with(kMagic.substr(0, 7))) return base::fail("this is not a Squall ledger");
  if (!bytes.starts_with(kMagic))
    return base::fail("this ledger is of a version that this build does not read");
  std::string_view rest = bytes.substr(kMagic.size());
  if (rest.empty()) return base::fail("the ledger ends in its head");
  const Frame head = take_frame(rest);
  if (!head.problem.empty()) return base::fail("the ledger ends in its head: {}", head.problem);
  auto layout = parse_layout(head.payload);
  if (!layout) return base::fail_within("cannot read the ledger", layout.error());
  visitor.on_layout(*layout);

  Reading reading{.good_bytes = bytes.size() - rest.size()};
  while (!rest.empty()) {
    const Frame frame = take_frame(rest);
    if (!frame.problem.empty()) {
      reading.cut_short = fmt::format("byte {}: {}", reading.good_bytes, frame.problem);
      return reading;
    }
    if (frame.payload.front() != static_cast<char>(PayloadKind::records)) {
      reading.cut_short = fmt::format("byte {}: a frame of an unknown kind", reading.good_bytes);
      return reading;
    }
    FrameDecoder decoder(frame.payload.substr(1), *layout);
    while (const auto record = decoder.next()) {
      ++reading.records;
      visitor.on_record(*record);
    }
    if (decoder.broken()) {
      reading.cut_short = fmt::format("byte {}: damaged: a frame that makes no sense", reading.good_bytes);
      return reading;
    }
    reading.good_bytes = bytes.size() - rest.size();
  }
  return reading;
}

}  // namespace squall::ledger
