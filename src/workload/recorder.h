// The one place of the workload that knows the ledger: what generators and effect readers see goes through
// here, into the ledger in memory and, if there is a sink, to its writer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Why what the ledger says would prove less than it seems to: each is a reason for an inconclusive verdict.
struct Doubt {
  std::string what;
  std::uint64_t times = 0;
  // Effects may be there that were not seen: what is missing need not be lost.
  bool hides_effects = false;
};

enum class DoubtAbout { inputs, effects };

// Thread: the workload's.
class Recorder {
 public:
  // Without a sink nothing is written.
  Recorder(ledger::Layout layout, ledger::Sink sink);

  void record(const ledger::Record& record);
  // The same without a copy of its texts, for the hot path.
  void record(const ledger::Entry& entry);
  void record(const ledger::SentRun& run);
  // The same doubt again is counted.
  void doubt(std::string_view what, std::uint64_t times = 1, DoubtAbout about = DoubtAbout::inputs);

  // Gives the sink what has gathered. Call it at a cadence, and at the end.
  void flush();
  // The first error of the sink; nothing is written after it. A ledger with a hole proves nothing.
  const std::optional<std::string>& write_error() const { return write_error_; }
  // In the order in which they came up; a write error is one.
  std::vector<Doubt> doubts() const;

  const ledger::Ledger& ledger() const { return ledger_; }
  const ledger::Layout& layout() const { return ledger_.layout(); }
  // `connected` is left to the caller.
  Progress progress();
  // Inputs attempted before it are no longer waited for: progress() leaves them out of the oldest unfinished
  // (a trial that never caught up must not make the next ones look red). They stay in the ledger.
  void give_up_before(base::Instant instant) { given_up_before_ = instant; }
  // Takes that back, for the final drain: what comes late is late, not lost.
  void wait_for_all();

 private:
  bool finished(ledger::OpId id) const;
  void keep(const auto& what);

  ledger::Ledger ledger_;
  std::optional<ledger::Writer> writer_;
  std::optional<std::string> write_error_;
  std::vector<Doubt> doubts_;
  std::map<std::string, std::size_t, std::less<>> doubt_index_;
  ledger::OpId first_unfinished_ = 0;  // all before it are finished for good, or given up
  base::Instant given_up_before_{};
};

}  // namespace squall::workload
