// The slowest inputs by name; how slow all were is in latency_slots.h.
#pragma once

#include <vector>

#include "base/clock.h"
#include "ledger/record.h"

namespace squall::ledger {

class Slowest {
 public:
  struct One {
    base::Nanos latency;
    OpId id;
  };

  void add(OpId id, base::Nanos latency);
  // At most 32, the slowest first.
  std::vector<One> sorted() const;

 private:
  static constexpr std::size_t kKept = 32;

  std::vector<One> kept_;  // a heap, the quickest of them on top
};

}  // namespace squall::ledger
