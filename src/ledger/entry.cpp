#include "ledger/entry.h"

#include <string>

namespace squall::ledger {
namespace {

std::string to_text(const Key& key, const Layout& layout) {
  return key.number ? layout.key_prefix + std::to_string(*key.number) : std::string(key.text);
}

struct ToEntry {
  const Layout& layout;

  Entry operator()(const Attempt& attempt) const {
    return {.kind = EntryKind::attempt,
            .filtered = attempt.filtered,
            .id = attempt.id,
            .key = to_key(attempt.key, layout),
            .at = attempt.at,
            .source = attempt.source,
            .order_key = attempt.order_key,
            .checksum = attempt.checksum,
            .intended_at = attempt.intended_at};
  }
  Entry operator()(const Outcome& outcome) const {
    Entry entry{.id = outcome.id, .at = outcome.at};
    if (const auto* ok = std::get_if<Acknowledged>(&outcome.how)) {
      entry.kind = EntryKind::ok;
      entry.duplicate = ok->duplicate;
      entry.stream_seq = ok->stream_seq;
    } else if (const auto* failed = std::get_if<Failed>(&outcome.how)) {
      entry.kind = EntryKind::failed;
      entry.reason = failed->reason;
    } else {
      entry.kind = EntryKind::unknown;
      entry.reason = std::get<Unknown>(outcome.how).reason;
    }
    return entry;
  }
  Entry operator()(const Delivery& delivery) const {
    return {.kind = EntryKind::delivery,
            .key = to_key(delivery.key, layout),
            .at = delivery.at,
            .stream_seq = delivery.stream_seq,
            .delivery_count = delivery.delivery_count,
            .checksum = delivery.checksum};
  }
  Entry operator()(const Effect& effect) const {
    return {.kind = EntryKind::effect,
            .stage = effect.stage,
            .key = to_key(effect.key, layout),
            .at = effect.at,
            .stream_seq = effect.stream_seq,
            .checksum = effect.checksum};
  }
  Entry operator()(const Confirmed& confirmed) const {
    return {.kind = EntryKind::confirmed,
            .key = to_key(confirmed.key, layout),
            .at = confirmed.at,
            .stream_seq = confirmed.stream_seq};
  }
  Entry operator()(const Stored& stored) const {
    return {.kind = EntryKind::stored,
            .stage = stored.stream,
            .key = to_key(stored.key, layout),
            .at = stored.at,
            .stream_seq = stored.stream_seq,
            .checksum = stored.checksum};
  }
  Entry operator()(const Circumstance& circumstance) const {
    return {.kind = EntryKind::circumstance,
            .at = std::visit([](const auto& record) { return record.at; }, circumstance),
            .circumstance = &circumstance};
  }
};

}  // namespace

Key to_key(std::string_view text, const Layout& layout) {
  const auto number = layout.number_of(text);
  return {number, number ? std::string_view{} : text};
}

Entry SentRun::attempt(std::uint32_t index) const {
  return {.kind = EntryKind::attempt,
          .filtered = filtered,
          .id = first + index,
          .key = {.number = first + index, .text = {}},
          .at = at,
          .source = source,
          .order_key = order_key};
}

Entry SentRun::outcome(std::uint32_t index) const {
  return {.kind = EntryKind::unknown, .id = first + index, .at = at, .reason = reason};
}

Entry to_entry(const Record& record, const Layout& layout) { return std::visit(ToEntry{layout}, record); }

Record to_record(const Entry& entry, const Layout& layout) {
  switch (entry.kind) {
    case EntryKind::attempt:
      return Attempt{.id = entry.id,
                     .key = to_text(entry.key, layout),
                     .at = entry.at,
                     .intended_at = entry.intended_at,
                     .source = entry.source,
                     .order_key = entry.order_key,
                     .checksum = entry.checksum,
                     .filtered = entry.filtered};
    case EntryKind::ok:
      return Outcome{entry.id, Acknowledged{entry.stream_seq, entry.duplicate}, entry.at};
    case EntryKind::failed:
      return Outcome{entry.id, Failed{std::string(entry.reason)}, entry.at};
    case EntryKind::unknown:
      return Outcome{entry.id, Unknown{std::string(entry.reason)}, entry.at};
    case EntryKind::delivery:
      return Delivery{to_text(entry.key, layout), entry.stream_seq, entry.delivery_count, entry.at,
                      entry.checksum};
    case EntryKind::effect:
      return Effect{entry.stage, to_text(entry.key, layout), entry.stream_seq, entry.at, entry.checksum};
    case EntryKind::confirmed:
      return Confirmed{to_text(entry.key, layout), entry.stream_seq, entry.at};
    case EntryKind::stored:
      return Stored{to_text(entry.key, layout), entry.stage, entry.stream_seq, entry.at, entry.checksum};
    case EntryKind::circumstance:
      break;
  }
  return *entry.circumstance;
}

}  // namespace squall::ledger
