// All live processes that belong to one root: `kill -9` of `npm start` would leave `sh` and `node` alive, so
// the whole tree is the target. Members are the root, its descendants, everything in the root's session, and
// everything whose environment carries the root's mark (daemons that called setsid and lost their parent).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "process/proc_status.h"

namespace squall::process {

class ProcessTree {
 public:
  // `mark` is an environment entry "NAME=VALUE" that only this tree carries; empty: descent and session only.
  // `own_session`: the root leads its own session (each Child does).
  struct Root {
    ProcessIdentity identity;
    std::string mark;
    bool own_session = true;
  };
  explicit ProcessTree(Root root) : root_(std::move(root)) {}

  const Root& root() const { return root_; }
  // Live members now, the root first if it lives. Never the calling process.
  std::vector<ProcStatus> members() const;

  // SIGKILL to every member, again until there is none, since a process may fork while it is being looked at.
  // Blocks for at most `patience`, and returns who still lives.
  std::vector<ProcStatus> kill_all(base::Nanos patience) const;

 private:
  Root root_;
};

// The members in one table of processes: pure, for tests. `marked` says which pids carry the mark.
std::vector<ProcStatus> tree_members(const std::vector<ProcStatus>& table, const ProcessTree::Root& root,
                                     const std::vector<pid_t>& marked);

// Every thread stopped by a signal.
bool is_frozen(pid_t pid);

}  // namespace squall::process
