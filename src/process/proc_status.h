// What /proc says about processes. Read-only: signals are sent through a PidFd (pid_fd.h), never by name.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace squall::process {

// One process of this boot. Pids are reused, pairs of pid and start time are not.
struct ProcessIdentity {
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat: clock ticks since boot

  auto operator<=>(const ProcessIdentity&) const = default;
};

struct ProcStatus {
  ProcessIdentity identity;
  pid_t parent = -1;
  pid_t session = -1;
  // As in /proc/<pid>/stat: R, S, D, T (stopped), t (traced), Z (zombie), X (dead).
  char state = '?';
  std::string executable;              // empty when it may not be read, or for kernel threads
  std::vector<std::string> arguments;  // empty for zombies

  int threads = 1;
  // A zombie waits for its parent to notice; it does nothing any more and is not alive. Only the main
  // thread's state is seen here: where it has ended before the others (or is the first to die of a SIGKILL),
  // the process goes on with them.
  bool alive() const { return threads > 1 || (state != 'Z' && state != 'X' && state != 'x'); }
  // "nats-server (pid 812)".
  std::string describe() const;
};

// Nothing when there is no such process.
std::optional<ProcStatus> read_status(pid_t pid);
// The same, but only if it is still that very process.
std::optional<ProcStatus> read_status(ProcessIdentity identity);
// Every process of this host, without executable and arguments (they cost two more reads each).
std::vector<ProcStatus> all_processes();

bool is_alive(ProcessIdentity identity);
// The state of each thread; empty when the process is gone.
std::vector<char> thread_states(pid_t pid);
// Whether the environment that the process was executed with has the entry "NAME=VALUE". False when it may
// not be read. Waits (microseconds as a rule) for a process that is just executing a program.
bool has_environment_entry(pid_t pid, std::string_view entry);

// Reads the text of one /proc/<pid>/stat. Split out for tests: the command name may hold anything, ") R 1"
// too.
base::Result<ProcStatus> parse_stat(std::string_view text);

}  // namespace squall::process
