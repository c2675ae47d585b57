// The abort conditions of an experiment: as soon as one is met the session is aborted, which ends every wait,
// so that what is injected is healed at once.
#pragma once

#include <memory>
#include <vector>

#include "experiment/expect_section.h"
#include "run/running_system.h"

namespace squall::run {

// Thread: the main one. Lifetime: the session and the system outlive it.
class AbortWatch {
 public:
  AbortWatch(Session& session, RunningSystem& system, std::vector<experiment::AbortCondition> conditions);
  ~AbortWatch();
  AbortWatch(const AbortWatch&) = delete;
  AbortWatch& operator=(const AbortWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace squall::run
