// The ledger on disk (ledger.bin; format: docs/ledger-format.md): checksummed, packed frames of compact
// records, readable after a crash at any byte. Pure: bytes go to a sink and come from memory; files are
// evidence/'s.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "ledger/entry.h"
#include "ledger/ledger_format.h"
#include "ledger/record.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

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
  base::Result<void> append(const Entry& entry);
  base::Result<void> append(const SentRun& run);
  base::Result<void> flush();

 private:
  void encode(const Entry& entry);
  void encode_attempt(const Entry& entry);
  void encode_finding(const Entry& entry);
  base::Result<void> flush_if_full();
  void put_time(base::Instant at);
  void put_id(OpId id);
  void put_head(std::uint8_t tag, const Key& key);
  void put_seq(std::size_t series, std::uint64_t seq);
  void put_reason(std::string_view reason);
  void put_circumstance(const Circumstance& circumstance);
  std::string packed() const;
  void begin_frame();

  struct EndPacker {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  Layout layout_;
  Sink sink_;
  std::unique_ptr<ZSTD_CCtx_s, EndPacker> packer_;
  std::string head_;     // until it is written
  std::string payload_;  // of the frame in the making
  std::uint64_t last_time_us_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint32_t last_source_ = 0;
  std::array<std::uint64_t, format::kSeries> last_seq_{};
  std::unordered_map<std::string, std::uint64_t> reasons_;  // of this frame
  std::string last_reason_;                                 // most come in a row
  std::optional<std::uint64_t> last_reason_index_;          // nothing: none in this frame yet
};

// Any of them may be empty.
struct Visitor {
  std::function<void(const Layout&)> on_layout;  // once, before any record
  std::function<void(const Record&)> on_record;
  std::function<void(const Entry&)> on_entry;  // the same without a heap; valid during the call
};

struct Reading {
  std::uint64_t records = 0;
  std::size_t good_bytes = 0;  // up to where the file is whole
  // Why reading stopped before the end: a torn last frame (a crash) or damage. Nothing if all was read.
  std::optional<std::string> cut_short;
};

// Reads a ledger piece by piece, so that its size does not matter. Thread: one.
class Reader {
 public:
  explicit Reader(Visitor visitor);
  ~Reader();

  // Gives every whole record to the visitor, in the order written; times come back in µs. Pieces may end
  // anywhere. Errors: not a ledger, of a version that this build does not read, or a damaged head.
  base::Result<void> feed(std::string_view bytes);
  // After the last piece. Errors: without a whole head.
  base::Result<Reading> finish();

 private:
  struct EndUnpacker {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  base::Result<void> take_head(std::string_view& rest);
  bool take_frame(std::string_view& rest);
  void read_records(std::string_view records);
  std::optional<std::string_view> unpack(std::string_view packed);
  void stop(std::string problem);

  Visitor visitor_;
  std::unique_ptr<ZSTD_DCtx_s, EndUnpacker> unpacker_;
  std::optional<Layout> layout_;
  Reading reading_;
  std::string pending_;   // the beginning of a frame that is not yet whole
  std::string unpacked_;  // of the frame at hand
};

// All of it at once.
base::Result<Reading> read(std::string_view bytes, const Visitor& visitor);

// One record as a JSON object on a line (with its newline), for jq and the like.
std::string to_jsonl(const Record& record, const Layout& layout);

}  // namespace squall::ledger
