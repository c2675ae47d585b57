// The watchdog: a process in a session of its own that outlives Squall. It ends every process of the run and
// undoes what its journal says when Squall is gone, however Squall went (SIGKILL and a crash included); it
// heals a fault that is overdue even while Squall lives (and hangs, or is stopped); and it goes when the run
// ends. Nothing is injected without it.
//
// It is this same program, executed anew: main() of a program that starts watchdogs calls watchdog_main()
// first.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "process/pid_fd.h"

namespace squall::inject {

// If this process was executed as a watchdog, does its work and returns its exit code. Nothing otherwise.
std::optional<int> watchdog_main(int argc, const char* const* argv);

class Watchdog {
 public:
  // The journal is there and names this process as its run (fault::Journal::open(path, this_run(id))).
  // Returns when the watchdog is ready. Errors: it cannot be executed or does not answer.
  static base::Result<Watchdog> start(std::filesystem::path journal);
  // As end(), its answer unheard.
  ~Watchdog();
  Watchdog(Watchdog&& other) noexcept;
  Watchdog& operator=(Watchdog&& other) noexcept;

  bool alive() const { return process_ && !process_->exited(); }
  pid_t pid() const { return process_ ? process_->pid() : -1; }

  // The run is over and has cleaned up: the watchdog looks whether that is true, heals what is left, and
  // goes. Blocks until it has gone (milliseconds as a rule). Errors: something could not be undone; the
  // message says how to see what.
  base::Result<void> end();

 private:
  Watchdog(std::filesystem::path journal, process::PidFd process, base::UniqueFd control);

  std::filesystem::path journal_;
  std::optional<process::PidFd> process_;
  base::UniqueFd control_;
};

}  // namespace squall::inject
