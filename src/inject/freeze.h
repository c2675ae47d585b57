// The freeze: SIGSTOP. A frozen process keeps its connections and answers nothing, as one does in a long
// garbage collection, in swap or under a debugger. Its effect is that every thread is in state T; its heal is
// SIGCONT, with the effect that none is. Journalled before the first signal; healed by the destructor too.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "fault/fault.h"
#include "inject/injection.h"
#include "inject/safety.h"
#include "process/process_tree.h"

namespace squall::inject {

class Freeze {
 public:
  // How long it is to last, so that the watchdog knows when it is overdue; nothing: until somebody heals it.
  struct Plan {
    fault::Scope scope = fault::Scope::kTree;
    std::string fault_name;
    std::optional<base::Nanos> duration = {};
  };
  Freeze(process::ProcessTree tree, Plan plan, Safety safety);
  Freeze(process::ProcessTree tree, fault::Scope scope, std::string fault_name, fault::Journal& journal)
      : Freeze(std::move(tree), {.scope = scope, .fault_name = std::move(fault_name)}, Safety(journal)) {}
  // Thaws what is still frozen.
  ~Freeze();
  Freeze(const Freeze&) = delete;
  Freeze& operator=(const Freeze&) = delete;

  // Errors: no such process, no permission, or the journal could not be written (then nothing was injected).
  boost::asio::awaitable<base::Result<Injected>> inject(base::Instant deadline);
  // Idempotent. Errors: the journal could not be written (the thaw was tried all the same).
  boost::asio::awaitable<base::Result<Healed>> heal(base::Instant deadline);
  bool active() const { return active_; }

 private:
  std::vector<process::ProcStatus> targets() const;
  fault::Thaw undo_of(const std::vector<process::ProcStatus>& targets) const;
  fault::Undone thaw_now();

  process::ProcessTree tree_;
  Plan plan_;
  Safety safety_;
  fault::Thaw undo_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace squall::inject
