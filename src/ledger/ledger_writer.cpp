#include <zstd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/invariant.h"
#include "ledger/circumstance_json.h"
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

void put_checksum(std::string& out, const std::optional<std::uint32_t>& checksum) {
  if (checksum) put_u32(out, *checksum);
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

constexpr int kPackingLevel = 3;

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
  nlohmann::json described{{"stages", layout.stages},
                           {"key_prefix", layout.key_prefix},
                           {"start_mono_ns", layout.anchor.mono.time_since_epoch().count()},
                           {"start_wall_ns", layout.anchor.wall.time_since_epoch().count()}};
  if (!layout.fan_out.empty()) described["fan_out"] = layout.fan_out;
  return static_cast<char>(PayloadKind::layout) +
         described.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::int64_t since_start_us(base::Instant at, const Layout& layout) {
  return std::chrono::floor<std::chrono::microseconds>(at - layout.anchor.mono).count();
}

constexpr std::uint8_t flag(bool set, std::uint8_t bit) { return set ? bit : 0; }

}  // namespace

void Writer::EndPacker::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Writer::Writer(Layout layout, Sink sink)
    : layout_(std::move(layout)), sink_(std::move(sink)), packer_(ZSTD_createCCtx()) {
  SQUALL_CHECK(layout_.valid());
  SQUALL_CHECK(packer_ != nullptr);
  head_ = std::string(kMagic) + frame(layout_payload(layout_));
  begin_frame();
}

void Writer::begin_frame() {
  payload_.assign(1, static_cast<char>(PayloadKind::records));
  last_time_us_ = 0;
  last_id_ = 0;
  last_source_ = 0;
  last_seq_.fill(0);
  reasons_.clear();
  last_reason_index_.reset();
}

base::Result<void> Writer::append(const Record& record) { return append(to_entry(record, layout_)); }

base::Result<void> Writer::append(const Entry& entry) {
  encode(entry);
  return flush_if_full();
}

base::Result<void> Writer::append(const SentRun& run) {
  SQUALL_CHECK(run.inputs <= SentRun::kMostInputs);
  const std::uint64_t order = std::uint64_t{run.order_key} << 1 | (run.filtered ? 1U : 0U);
  payload_.push_back(
      static_cast<char>(tag_of(Tag::unknown) | kRun | flag(run.source != last_source_, kNewSource)));
  put_time(run.at);
  put_id(run.first);
  put_varint(payload_, run.inputs);
  if (run.source != last_source_) put_varint(payload_, run.source);
  last_source_ = run.source;
  put_varint(payload_, order);
  put_reason(run.reason);
  return flush_if_full();
}

base::Result<void> Writer::flush_if_full() {
  if (payload_.size() < kFlushAt) return {};
  return flush();
}

base::Result<void> Writer::flush() {
  if (payload_.size() == 1 && head_.empty()) return {};
  std::string bytes = head_;
  if (payload_.size() > 1) bytes += frame(packed());
  begin_frame();
  auto stored = sink_(bytes);
  if (stored) head_.clear();
  return stored;
}

// The payload, packed where that makes it smaller.
std::string Writer::packed() const {
  if (payload_.size() < kWorthPacking) return payload_;
  std::string smaller(1 + ZSTD_compressBound(payload_.size() - 1), static_cast<char>(PayloadKind::packed));
  const std::size_t size = ZSTD_compressCCtx(packer_.get(), smaller.data() + 1, smaller.size() - 1,
                                             payload_.data() + 1, payload_.size() - 1, kPackingLevel);
  if (ZSTD_isError(size) != 0 || size + 1 >= payload_.size()) return payload_;
  smaller.resize(size + 1);
  return smaller;
}

void Writer::encode(const Entry& entry) {
  switch (entry.kind) {
    case EntryKind::attempt:
      return encode_attempt(entry);
    case EntryKind::ok:
      payload_.push_back(static_cast<char>(tag_of(Tag::ok) | flag(entry.duplicate, kDuplicate)));
      put_time(entry.at);
      put_id(entry.id);
      return put_seq(kAckSeries, entry.stream_seq);
    case EntryKind::failed:
    case EntryKind::unknown:
      payload_.push_back(
          static_cast<char>(tag_of(entry.kind == EntryKind::failed ? Tag::failed : Tag::unknown)));
      put_time(entry.at);
      put_id(entry.id);
      return put_reason(entry.reason);
    case EntryKind::delivery:
      put_head(tag_of(Tag::delivery) | flag(entry.checksum.has_value(), kDeliveryChecksum), entry.key);
      put_time(entry.at);
      put_seq(kDeliverySeries, entry.stream_seq);
      put_varint(payload_, entry.delivery_count);
      return put_checksum(payload_, entry.checksum);
    case EntryKind::effect:
      SQUALL_CHECK(entry.stage < kMaxStages);
      put_head(static_cast<std::uint8_t>(tag_of(Tag::effect) | (entry.stage << kStageShift) |
                                         flag(entry.checksum.has_value(), kEffectChecksum)),
               entry.key);
      put_time(entry.at);
      put_seq(entry.stage, entry.stream_seq);
      return put_checksum(payload_, entry.checksum);
    case EntryKind::confirmed:
    case EntryKind::stored:
      return encode_finding(entry);
    case EntryKind::circumstance:
      return put_circumstance(*entry.circumstance);
  }
}

void Writer::encode_attempt(const Entry& entry) {
  const bool numbered = entry.key.number == entry.id;
  const auto lateness =
      since_start_us(entry.at, layout_) - since_start_us(entry.intended_at.value_or(entry.at), layout_);
  const std::uint64_t order = std::uint64_t{entry.order_key} << 1 | (entry.filtered ? 1U : 0U);
  payload_.push_back(static_cast<char>(
      tag_of(Tag::attempt) | flag(numbered, kNumberedKey) | flag(entry.intended_at.has_value(), kLate) |
      flag(entry.source != last_source_, kNewSource) | flag(entry.checksum.has_value(), kAttemptChecksum) |
      flag(order != 0, kOrderKey)));
  put_time(entry.at);
  put_id(entry.id);
  if (!numbered) {
    put_text(payload_, entry.key.number ? layout_.key_prefix + std::to_string(*entry.key.number)
                                        : std::string(entry.key.text));
  }
  if (entry.intended_at)
    put_varint(payload_, static_cast<std::uint64_t>(std::max<std::int64_t>(lateness, 0)));
  if (entry.source != last_source_) put_varint(payload_, entry.source);
  last_source_ = entry.source;
  put_checksum(payload_, entry.checksum);
  if (order != 0) put_varint(payload_, order);
}

void Writer::encode_finding(const Entry& entry) {
  const bool confirmed = entry.kind == EntryKind::confirmed;
  put_head(static_cast<std::uint8_t>(tag_of(Tag::finding) | flag(confirmed, kConfirmed) |
                                     flag(entry.checksum.has_value(), kFindingChecksum) |
                                     flag(entry.stage != 0, kOtherStream)),
           entry.key);
  put_time(entry.at);
  put_seq(confirmed ? kConfirmedSeries : kStoredSeries, entry.stream_seq);
  put_checksum(payload_, entry.checksum);
  if (entry.stage != 0) payload_.push_back(static_cast<char>(entry.stage));
}

void Writer::put_circumstance(const Circumstance& circumstance) {
  payload_.push_back(static_cast<char>(tag_of(Tag::circumstance)));
  put_time(at_of(circumstance));
  nlohmann::ordered_json json{{"record", name_of(circumstance)}};
  put_fields(json, circumstance);
  put_text(payload_, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// The record's first byte, then the key as a number or as text.
void Writer::put_head(std::uint8_t tag, const Key& key) {
  payload_.push_back(static_cast<char>(tag | flag(key.number.has_value(), kNumberedKey)));
  if (key.number) {
    put_id(*key.number);
  } else {
    put_text(payload_, key.text);
  }
}

void Writer::put_time(base::Instant at) {
  put_delta(payload_, static_cast<std::uint64_t>(since_start_us(at, layout_)), last_time_us_);
}

void Writer::put_id(OpId id) { put_delta(payload_, id, last_id_); }

void Writer::put_seq(std::size_t series, std::uint64_t seq) { put_delta(payload_, seq, last_seq_[series]); }

void Writer::put_reason(std::string_view reason) {
  if (last_reason_index_ && last_reason_ == reason) return put_varint(payload_, *last_reason_index_);
  const auto [entry, is_new] = reasons_.emplace(reason, reasons_.size());
  put_varint(payload_, entry->second);
  if (is_new) put_text(payload_, reason);
  last_reason_ = reason;
  last_reason_index_ = entry->second;
}

}  // namespace squall::ledger
