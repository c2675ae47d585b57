// The ledger on disk (ledger.bin; format: docs/ledger-format.md): checksummed frames of compact records,
// readable after a crash at any byte. Pure: bytes go to a sink and come from memory; files are evidence/'s.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "ledger/record.h"

namespace squall::ledger {

// Takes one or more whole frames; what it was given must be stored (or fail) in one piece.
using Sink = std::function<base::Result<void>(std::string_view bytes)>;

// Appends records. They reach the sink when about 64 KiB have gathered and at flush(): call it at a cadence
// (100 ms), so that a crash loses no more than that. Thread: one.
class Writer {
 public:
  // The file's head goes to the sink with the first frame.
  Writer(Layout layout, Sink sink);

  // Errors: those of the sink; the records since the last flush are then lost.
  base::Result<void> append(const Record& record);
  base::Result<void> flush();

 private:
  void encode(const Attempt& attempt);
  void encode(const Outcome& outcome);
  void encode(const Delivery& delivery);
  void encode(const Effect& effect);
  void put_time(base::Instant at);
  void put_id(OpId id);
  void put_key(std::string_view key, std::uint8_t tag);
  void put_seq(std::size_t series, std::uint64_t seq);
  void put_reason(const std::string& reason);
  void begin_frame();

  Layout layout_;
  Sink sink_;
  std::string head_;     // until it is written
  std::string payload_;  // of the frame in the making
  std::uint64_t last_time_us_ = 0;
  std::uint64_t last_id_ = 0;
  std::array<std::uint64_t, kMaxStages + 2> last_seq_{};
  std::unordered_map<std::string, std::uint64_t> reasons_;  // of this frame
};

struct Visitor {
  std::function<void(const Layout&)> on_layout;  // once, before any record
  std::function<void(const Record&)> on_record;
};

struct Reading {
  std::uint64_t records = 0;
  std::size_t good_bytes = 0;  // up to where the file is whole
  // Why reading stopped before the end: a torn last frame (a crash) or damage. Nothing if all was read.
  std::optional<std::string> cut_short;
};

// Gives every whole record to the visitor, in the order written. Times come back in µs.
// Errors: not a ledger, of a version that this build does not read, or without a whole head.
base::Result<Reading> read(std::string_view bytes, const Visitor& visitor);

// One record as a JSON object on a line (with its newline), for jq and the like.
std::string to_jsonl(const Record& record, const Layout& layout);

}  // namespace squall::ledger
