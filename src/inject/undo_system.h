// Undo entries carried out on the real system: what a run does on its way out, its watchdog after it, and
// `squall heal` later.
#pragma once

#include <functional>

#include "base/clock.h"
#include "fault/undo.h"

namespace squall::inject {

class UndoSystem : public fault::UndoActions {
 public:
  using Restart = std::function<fault::Undone(const std::string& server)>;
  struct Options {
    // Without it a server is answered as vanished: Squall's servers die with it.
    Restart restart = {};
    // How long an undo waits for its target to show it; 0: it is done and not looked at. Commands have their
    // own deadline.
    base::Nanos patience = std::chrono::seconds{1};
  };
  UndoSystem() = default;
  explicit UndoSystem(Options options) : options_(std::move(options)) {}

  fault::Undone thaw(const fault::Thaw& thaw) override;
  fault::Undone restart_server(const fault::RestartServer& restart) override;
  fault::Undone restore_limits(const fault::RestoreLimits& limits) override;
  fault::Undone run_command(const fault::RunCommand& command) override;
  fault::Undone ends_with_run(const fault::EndsWithRun& ends) override;

 private:
  Options options_;
};

}  // namespace squall::inject
