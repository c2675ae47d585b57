// A command that is run to its end by blocking, for those who have no io_context: the watchdog and `squall
// heal`. Its whole tree is ended at the deadline.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace squall::process {

struct AwaitedCommand {
  std::vector<std::string> command;  // argv; no shell
  std::string working_directory;     // empty: the caller's
  base::Nanos deadline = std::chrono::seconds(10);
};

struct CommandEnd {
  bool timed_out = false;
  int exit_code = -1;  // -1: ended by a signal, or timed out
  std::string output;  // the last 4 KiB of its standard output and error

  bool succeeded() const { return !timed_out && exit_code == 0; }
  // "exit code 3: no such container"
  std::string describe() const;
};

// Errors: it cannot be started.
base::Result<CommandEnd> run_awaited(const AwaitedCommand& command);

}  // namespace squall::process
