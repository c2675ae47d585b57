#include "inject/safety.h"

namespace squall::inject {

base::Result<std::uint64_t> Safety::arm(std::string_view fault, const fault::Undo& undo,
                                        std::optional<base::Nanos> active_time) const {
  std::optional<base::Instant> overdue_at;
  if (active_time) overdue_at = base::now() + *active_time + grace;
  auto armed = journal_->arm(fault, undo, overdue_at);
  if (armed) reached(Stage::kArmed);
  return armed;
}

void Safety::reached(Stage stage) const {
  if (on_stage) on_stage(stage);
}

base::Result<void> Safety::settle(std::uint64_t entry, const fault::Undone& undone) const {
  auto settled = journal_->settle(entry, undone);
  reached(Stage::kHealed);
  return settled;
}

}  // namespace squall::inject
