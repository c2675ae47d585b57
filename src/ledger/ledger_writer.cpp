#include <nlohmann/json.hpp>
#include <utility>

#include "base/invariant.h"
#include "ledger/crc32c.h"
#include "ledger/ledger_codec.h"
#include "ledger/ledger_format.h"

namespace squall::ledger {
namespace {

using namespace format;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xffU));
}

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7fU) | 0x80U));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// The difference modulo 2^64, small in either direction.
void put_delta(std::string& out, std::uint64_t value, std::uint64_t& last) {
  const auto delta = static_cast<std::int64_t>(value - last);
  last = value;
  put_varint(out, (static_cast<std::uint64_t>(delta) << 1) ^ static_cast<std::uint64_t>(delta >> 63));
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

std::uint8_t tag_of(Tag tag) { return static_cast<std::uint8_t>(tag); }

std::string frame(std::string_view payload) {
  std::string out;
  out.reserve(kFrameHead + payload.size());
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, crc32c(payload));
  out.append(payload);
  return out;
}

std::string layout_payload(const Layout& layout) {
  const nlohmann::json described{{"stages", layout.stages},
                                 {"key_prefix", layout.key_prefix},
                                 {"start_mono_ns", layout.anchor.mono.time_since_epoch().count()},
                                 {"start_wall_ns", layout.anchor.wall.time_since_epoch().count()}};
  return static_cast<char>(PayloadKind::layout) +
         described.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Writer::Writer(Layout layout, Sink sink) : layout_(std::move(layout)), sink_(std::move(sink)) {
  SQUALL_CHECK(!layout_.stages.empty() && layout_.stages.size() <= kMaxStages);
  head_ = std::string(kMagic) + frame(layout_payload(layout_));
  begin_frame();
}

void Writer::begin_frame() {
  payload_.assign(1, static_cast<char>(PayloadKind::records));
  last_time_us_ = 0;
  last_id_ = 0;
  last_seq_.fill(0);
  reasons_.clear();
}

base::Result<void> Writer::append(const Record& record) {
  std::visit([this](const auto& specific) { encode(specific); }, record);
  if (payload_.size() < kFlushAt) return {};
  return flush();
}

base::Result<void> Writer::flush() {
  if (payload_.size() == 1 && head_.empty()) return {};
  std::string bytes = head_;
  if (payload_.size() > 1) bytes += frame(payload_);
  begin_frame();
  auto stored = sink_(bytes);
  if (stored) head_.clear();
  return stored;
}

void Writer::encode(const Attempt& attempt) {
  const bool numbered = layout_.number_of(attempt.key) == attempt.id;
  payload_.push_back(static_cast<char>(tag_of(Tag::attempt) | (numbered ? kNumberedKey : 0)));
  put_time(attempt.at);
  put_id(attempt.id);
  if (!numbered) put_text(payload_, attempt.key);
}

void Writer::encode(const Outcome& outcome) {
  if (const auto* ok = std::get_if<Acknowledged>(&outcome.how)) {
    payload_.push_back(static_cast<char>(tag_of(Tag::ok) | (ok->duplicate ? kDuplicate : 0)));
    put_time(outcome.at);
    put_id(outcome.id);
    put_seq(kAckSeries, ok->stream_seq);
    return;
  }
  const auto* failed = std::get_if<Failed>(&outcome.how);
  payload_.push_back(static_cast<char>(tag_of(failed != nullptr ? Tag::failed : Tag::unknown)));
  put_time(outcome.at);
  put_id(outcome.id);
  put_reason(failed != nullptr ? failed->reason : std::get<Unknown>(outcome.how).reason);
}

void Writer::encode(const Delivery& delivery) {
  put_key(delivery.key, tag_of(Tag::delivery));
  put_time(delivery.at);
  put_seq(kDeliverySeries, delivery.stream_seq);
  put_varint(payload_, delivery.delivery_count);
}

void Writer::encode(const Effect& effect) {
  SQUALL_CHECK(effect.stage < kMaxStages);
  put_key(effect.key, static_cast<std::uint8_t>(tag_of(Tag::effect) | (effect.stage << kStageShift)));
  put_time(effect.at);
  put_seq(effect.stage, effect.stream_seq);
}

// The record's first byte, then the key as a number or as text.
void Writer::put_key(std::string_view key, std::uint8_t tag) {
  const auto number = layout_.number_of(key);
  payload_.push_back(static_cast<char>(tag | (number ? kNumberedKey : 0)));
  if (number) {
    put_id(*number);
  } else {
    put_text(payload_, key);
  }
}

void Writer::put_time(base::Instant at) {
  const auto since_start = std::chrono::floor<std::chrono::microseconds>(at - layout_.anchor.mono);
  put_delta(payload_, static_cast<std::uint64_t>(since_start.count()), last_time_us_);
}

void Writer::put_id(OpId id) { put_delta(payload_, id, last_id_); }

void Writer::put_seq(std::size_t series, std::uint64_t seq) { put_delta(payload_, seq, last_seq_[series]); }

void Writer::put_reason(const std::string& reason) {
  const auto [entry, is_new] = reasons_.emplace(reason, reasons_.size());
  put_varint(payload_, entry->second);
  if (is_new) put_text(payload_, reason);
}

}  // namespace squall::ledger
