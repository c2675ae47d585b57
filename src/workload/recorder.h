// The one place of the workload that knows the ledger: every record goes through here, into the ledger in
// memory and, if there is a sink, to its writer. Generators and effect readers only ever call record().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"

namespace squall::workload {

// What the control thread asks while the load runs.
struct Progress {
  ledger::Counts counts;
  std::uint64_t unfinished = 0;
  // When the oldest input without its final effect was attempted; nothing when all are finished.
  std::optional<base::Instant> oldest_unfinished_at;
  bool connected = false;
};

// Thread: the workload's.
class Recorder {
 public:
  // Without a sink nothing is written.
  Recorder(ledger::Layout layout, ledger::Sink sink);

  void record(const ledger::Record& record);
  // Gives the sink what has gathered. Call it at a cadence, and at the end.
  void flush();
  // The first error of the sink; nothing is written after it. A ledger with a hole proves nothing.
  const std::optional<std::string>& write_error() const { return write_error_; }

  const ledger::Ledger& ledger() const { return ledger_; }
  const ledger::Layout& layout() const { return ledger_.layout(); }
  // `connected` is left to the caller.
  Progress progress();

 private:
  bool finished(ledger::OpId id) const;

  ledger::Ledger ledger_;
  std::optional<ledger::Writer> writer_;
  std::optional<std::string> write_error_;
  ledger::OpId first_unfinished_ = 0;  // all before it are finished for good
};

}  // namespace squall::workload
