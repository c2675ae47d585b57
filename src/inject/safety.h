// What keeps a fault from outliving its run: the journal that every injection arms before it strikes, and how
// long after its time the watchdog heals it.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "fault/journal.h"

namespace squall::inject {

// Where a fault stands, in this order.
enum class Stage {
  kArmed,    // its undo is in the journal; it is not injected yet
  kActive,   // it is injected, and its effect was looked for
  kHealing,  // its undo has begun
  kHealed,   // the journal says how it ended
};

// Lifetime: the journal outlives it and everything that copies it.
class Safety {
 public:
  Safety(fault::Journal& journal) : journal_(&journal) {}  // NOLINT: a journal is all that is needed

  // Longer than a heal of ours takes, shorter than anybody wants to wait for one that hangs.
  base::Nanos grace = std::chrono::seconds{5};
  // Called on the injecting thread.
  std::function<void(Stage)> on_stage = {};

  // Returns the entry's number once it is on the disk. `active_time` from effect to heal as planned; nothing:
  // somebody else heals, or nobody knows when. Errors: then do not inject.
  base::Result<std::uint64_t> arm(std::string_view fault, const fault::Undo& undo,
                                  std::optional<base::Nanos> active_time) const;
  void reached(Stage stage) const;
  base::Result<void> settle(std::uint64_t entry, const fault::Undone& undone) const;

 private:
  fault::Journal* journal_;
};

}  // namespace squall::inject
