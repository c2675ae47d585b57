// Starting a child, with nothing but POSIX: the tool's processes (child.h) and the router's guardian and
// supervisor both start theirs here. It does not wait, restart or read output.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace squall::process {

struct SpawnOptions {
  // argv. A first word without a slash is looked up on PATH.
  std::vector<std::string> command;
  // Added to (or replacing in) the inherited environment.
  std::vector<std::pair<std::string, std::string>> environment;
  // Empty: the caller's.
  std::string working_directory;
  // Descriptors for the child's standard streams; -1: stdin from /dev/null, stdout and stderr inherited.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // Descriptors the child keeps, under the same numbers, besides its standard streams.
  std::vector<int> inherited_fds;
  // A session (and process group) of its own, so that a terminal's Ctrl-C reaches only us and a signal to
  // the group reaches exactly its tree.
  bool new_session = true;
  // SIGKILL to the child when the thread that called spawn() ends. Linux binds this to the *thread*, so
  // spawn only from one that lives as long as the process (the main thread).
  bool die_with_parent = true;
};

struct Spawned {
  pid_t pid = -1;
  base::UniqueFd pidfd;  // becomes readable when the child exits; never names another process
};

// Starts the child. Errors: the program is missing or not executable, the directory does not exist, no more
// processes or descriptors; the message names the program. When this returns a value, exec has succeeded.
base::Result<Spawned> spawn(const SpawnOptions& options);

}  // namespace squall::process
