// A record without a heap of its own: its key is a number or a view. What the writer encodes, the reader
// decodes and the ledger folds, ten million at a time; record.h is for everybody else.
//
// Lifetime: views and pointers are those of the record or frame that it was made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ledger/record.h"

namespace squall::ledger {

enum class EntryKind : std::uint8_t {
  attempt,
  ok,
  failed,
  unknown,
  delivery,
  effect,
  confirmed,
  stored,
  circumstance
};

struct Key {
  std::optional<std::uint64_t> number;  // of <key_prefix><number>
  std::string_view text;                // the whole key otherwise
};

// Lifetime: the key's text is the caller's.
Key to_key(std::string_view text, const Layout& layout);

struct Entry {
  EntryKind kind = EntryKind::attempt;
  std::uint8_t stage = 0;  // of effect; of stored: the stream
  bool duplicate = false;  // of ok
  bool filtered = false;   // of attempt
  OpId id = 0;             // of attempt and outcomes
  Key key;                 // of all but outcomes
  base::Instant at;
  std::uint64_t stream_seq = 0;
  std::uint32_t delivery_count = 0;
  std::uint32_t source = 0;
  std::uint32_t order_key = 0;
  std::optional<std::uint32_t> checksum;
  std::optional<base::Instant> intended_at;
  std::string_view reason;
  const Circumstance* circumstance = nullptr;
};

// Inputs of one source that went off together and are never heard of: what a core publisher records at full
// speed. It stands for an attempt and an unknown outcome of each, all at one instant, whose keys are
// <key_prefix><id>, and is folded and written in one piece.
struct SentRun {
  static constexpr std::uint32_t kMostInputs = 256;

  OpId first = 0;
  std::uint32_t inputs = 0;  // at most kMostInputs
  base::Instant at;
  std::uint32_t source = 0;
  std::uint32_t order_key = 0;
  bool filtered = false;
  std::string_view reason;

  Entry attempt(std::uint32_t index) const;
  Entry outcome(std::uint32_t index) const;
};

Entry to_entry(const Record& record, const Layout& layout);
Record to_record(const Entry& entry, const Layout& layout);

}  // namespace squall::ledger
