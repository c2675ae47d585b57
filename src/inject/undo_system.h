// Undo entries carried out on the real system: what a run does on its way out and `squall heal` does later.
#pragma once

#include <functional>

#include "fault/undo.h"

namespace squall::inject {

class UndoSystem : public fault::UndoActions {
 public:
  using Restart = std::function<fault::Undone(const std::string& server)>;
  // Without `restart` a server is answered as vanished: Squall's servers die with it.
  explicit UndoSystem(Restart restart = {}) : restart_(std::move(restart)) {}

  fault::Undone thaw(const fault::Thaw& thaw) override;
  fault::Undone restart_server(const fault::RestartServer& restart) override;

 private:
  Restart restart_;
};

}  // namespace squall::inject
