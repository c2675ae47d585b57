// A process that cannot be mistaken for another: a pidfd taken for one (pid, start time). Every signal that
// Squall sends goes through one of these, to children and to strangers alike.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "process/proc_status.h"

namespace squall::process {

class PidFd {
 public:
  // Errors: no such process (any more), or the pid belongs to another process by now.
  static base::Result<PidFd> open(ProcessIdentity identity);
  // Whatever has this pid now. Take it only from the one that started the process or from its live pid file.
  static base::Result<PidFd> open(pid_t pid);
  // Adopts a pidfd that spawn() returned.
  PidFd(base::UniqueFd pidfd, ProcessIdentity identity);

  ProcessIdentity identity() const { return identity_; }
  pid_t pid() const { return identity_.pid; }
  int descriptor() const { return pidfd_.get(); }

  // False: it had already exited. Errors: no permission.
  base::Result<bool> signal(int number) const;
  // It has exited (perhaps still to be reaped by its parent). Does not block.
  bool exited() const;
  // When it exited, noticed at once (no polling). Nothing when it still runs at the deadline.
  // Thread: runs on the awaiting coroutine's executor. Lifetime: this must outlive the wait.
  boost::asio::awaitable<std::optional<base::Instant>> wait_exit(base::Instant deadline) const;

 private:
  base::UniqueFd pidfd_;
  ProcessIdentity identity_;
};

// "SIGKILL" from 9; "signal 42" for those without a name.
std::string signal_name(int number);
// 9 from "KILL", "SIGKILL", "kill" or "9"; nothing for what is no signal.
std::optional<int> signal_number(std::string_view name);

}  // namespace squall::process
