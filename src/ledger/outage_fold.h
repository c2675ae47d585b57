// When operations of a kind did not succeed, folded as their outcomes come.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "ledger/circumstance.h"

namespace squall::ledger {

// From the attempt of the first operation that failed (or ended unknown, unless it is a core publish, which
// never ends otherwise) to the acknowledgement of the first that succeeded and was attempted after it.
struct Outage {
  OperationKind kind = OperationKind::js_async;
  base::Instant from;
  std::optional<base::Instant> until;  // nothing: it has not ended
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;

  bool operator==(const Outage&) const = default;
};

class OutageFold {
 public:
  struct Ended {
    OperationKind kind = OperationKind::js_async;
    bool ok = false;
    bool unknown = false;
    base::Instant attempted_at;
    base::Instant ended_at;
    std::uint64_t operations = 1;  // so many of which all this is true
  };
  // In the order in which they ended.
  void add(const Ended& operation);

  // In the order of their ends, those that have not ended last.
  std::vector<Outage> outages() const;
  // Those that were not kept, because there are too many.
  std::uint64_t more() const { return more_; }

 private:
  static constexpr std::size_t kMaxOutages = 4096;
  // Outages that are closer to each other are one.
  static constexpr base::Nanos kFlutter = std::chrono::milliseconds(100);

  // An accepted operation, one for each kSample of attempts and kind: what ends an outage that is learned of
  // late.
  struct Accepted {
    base::Instant attempted_at;
    base::Instant ended_at;
  };
  static constexpr base::Nanos kSample = std::chrono::milliseconds(1);
  static constexpr std::size_t kMaxAccepted = 1 << 14;  // 16 s and more, longer than time-outs are

  void keep(const Outage& outage);
  void remember(const Ended& operation);
  const Accepted* first_accepted_after(OperationKind kind, base::Instant attempted_at) const;

  std::array<std::deque<Accepted>, kOperationKinds> accepted_;  // ascending by attempt
  std::array<std::optional<Outage>, kOperationKinds> open_;
  std::vector<Outage> ended_;
  std::uint64_t more_ = 0;
};

}  // namespace squall::ledger
