#include "ledger/frame_decoder.h"

#include "ledger/circumstance_json.h"

namespace squall::ledger {

using namespace format;

FrameDecoder::FrameDecoder(std::string_view records, const Layout& layout)
    : cursor_(records), layout_(layout) {}

const Entry* FrameDecoder::next() {
  if (cursor_.broken()) return nullptr;
  if (next_of_run()) return &entry_;
  if (cursor_.at_end()) return nullptr;
  entry_ = Entry{};
  decode(cursor_.byte());
  return cursor_.broken() ? nullptr : &entry_;
}

void FrameDecoder::decode(std::uint8_t head) {
  const auto has = [head](std::uint8_t bit) { return (head & bit) != 0; };
  switch (static_cast<Tag>(head & kTagMask)) {
    case Tag::attempt:
      return decode_attempt(head);
    case Tag::ok:
      entry_.kind = EntryKind::ok;
      entry_.duplicate = has(kDuplicate);
      entry_.at = time();
      entry_.id = cursor_.delta(last_id_);
      entry_.stream_seq = cursor_.delta(last_seq_[kAckSeries]);
      return;
    case Tag::failed:
    case Tag::unknown:
      if (static_cast<Tag>(head & kTagMask) == Tag::unknown && has(kRun)) return decode_run(head);
      entry_.kind = static_cast<Tag>(head & kTagMask) == Tag::failed ? EntryKind::failed : EntryKind::unknown;
      entry_.at = time();
      entry_.id = cursor_.delta(last_id_);
      entry_.reason = reason();
      return;
    case Tag::delivery:
      entry_.kind = EntryKind::delivery;
      take_key(head);
      entry_.at = time();
      entry_.stream_seq = cursor_.delta(last_seq_[kDeliverySeries]);
      entry_.delivery_count = cursor_.small();
      if (has(kDeliveryChecksum)) entry_.checksum = cursor_.u32();
      return;
    case Tag::effect:
      entry_.kind = EntryKind::effect;
      entry_.stage = (head >> kStageShift) & kStageMask;
      take_key(head);
      entry_.at = time();
      entry_.stream_seq = cursor_.delta(last_seq_[entry_.stage]);
      if (has(kEffectChecksum)) entry_.checksum = cursor_.u32();
      return;
    case Tag::finding:
      entry_.kind = has(kConfirmed) ? EntryKind::confirmed : EntryKind::stored;
      take_key(head);
      entry_.at = time();
      entry_.stream_seq = cursor_.delta(last_seq_[has(kConfirmed) ? kConfirmedSeries : kStoredSeries]);
      if (has(kFindingChecksum)) entry_.checksum = cursor_.u32();
      if (has(kOtherStream)) entry_.stage = cursor_.byte();
      return;
    case Tag::circumstance:
      return decode_circumstance();
  }
}

void FrameDecoder::decode_attempt(std::uint8_t head) {
  const auto has = [head](std::uint8_t bit) { return (head & bit) != 0; };
  entry_.kind = EntryKind::attempt;
  entry_.at = time();
  entry_.id = cursor_.delta(last_id_);
  if (has(kNumberedKey)) {
    entry_.key.number = entry_.id;
  } else {
    entry_.key.text = cursor_.text();
    // It may look numbered, though with another number than its id.
    entry_.key.number = layout_.number_of(entry_.key.text);
    if (entry_.key.number) entry_.key.text = {};
  }
  if (has(kLate)) {
    const auto late = static_cast<std::int64_t>(cursor_.varint() % (std::uint64_t{1} << 50));
    entry_.intended_at = base::Instant{base::Nanos{
        static_cast<std::int64_t>(static_cast<std::uint64_t>(entry_.at.time_since_epoch().count()) -
                                  static_cast<std::uint64_t>(late) * 1000)}};
  }
  if (has(kNewSource)) last_source_ = cursor_.small();
  entry_.source = last_source_;
  if (has(kAttemptChecksum)) entry_.checksum = cursor_.u32();
  if (has(kOrderKey)) take_order(entry_.order_key, entry_.filtered);
}

void FrameDecoder::decode_run(std::uint8_t head) {
  run_ = {.at = time()};
  run_.first = cursor_.delta(last_id_);
  run_.inputs = cursor_.small();
  if ((head & kNewSource) != 0) last_source_ = cursor_.small();
  run_.source = last_source_;
  take_order(run_.order_key, run_.filtered);
  run_.reason = reason();
  if (run_.inputs == 0 || run_.inputs > SentRun::kMostInputs) return cursor_.give_up();
  run_given_ = 0;
  (void)next_of_run();
}

bool FrameDecoder::next_of_run() {
  if (run_given_ == 2 * run_.inputs) return false;
  const std::uint32_t index = run_given_++ / 2;
  entry_ = run_given_ % 2 == 1 ? run_.attempt(index) : run_.outcome(index);
  return true;
}

void FrameDecoder::take_order(std::uint32_t& order_key, bool& filtered) {
  const std::uint64_t order = cursor_.varint();
  if (order >> 33 != 0) return cursor_.give_up();
  filtered = (order & 1) != 0;
  order_key = static_cast<std::uint32_t>(order >> 1);
}

void FrameDecoder::decode_circumstance() {
  entry_.kind = EntryKind::circumstance;
  entry_.at = time();
  const auto json = nlohmann::json::parse(cursor_.text(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return cursor_.give_up();
  auto parsed = parse_circumstance(json, entry_.at);
  if (!parsed) return cursor_.give_up();
  circumstance_ = std::move(*parsed);
  entry_.circumstance = &*circumstance_;
}

void FrameDecoder::take_key(std::uint8_t head) {
  if ((head & kNumberedKey) != 0) {
    entry_.key.number = cursor_.delta(last_id_);
  } else {
    entry_.key.text = cursor_.text();
  }
}

// Modulo 2^64: a hostile file gives odd instants, never undefined ones.
base::Instant FrameDecoder::time() {
  const auto start = static_cast<std::uint64_t>(layout_.anchor.mono.time_since_epoch().count());
  return base::Instant{base::Nanos{static_cast<std::int64_t>(start + cursor_.delta(last_time_us_) * 1000)}};
}

std::string_view FrameDecoder::reason() {
  const std::uint64_t index = cursor_.varint();
  if (index == reasons_.size()) reasons_.push_back(cursor_.text());
  if (index < reasons_.size()) return reasons_[index];
  cursor_.give_up();
  return {};
}

}  // namespace squall::ledger
