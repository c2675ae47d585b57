// All live processes of one run: whatever carries SQUALL_RUN_ID=<run id> in its environment, and what those
// have started. Every child of a run gets that entry and hands it on, also to grandchildren that called
// setsid and lost their parent. (A process that was started with an emptied environment is found only while
// an ancestor of it lives.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "process/proc_status.h"

namespace squall::process {

inline constexpr std::string_view kRunIdVariable = "SQUALL_RUN_ID";

// A run id that no other run of this machine has: `name` with the pid and the start time of this process.
std::string unique_run_id(std::string_view name);

// Never the calling process. An empty id has no members.
std::vector<ProcStatus> run_members(std::string_view run_id);

struct EndedRun {
  int ended = 0;                 // processes that were struck
  std::vector<ProcStatus> left;  // alive at the deadline
};
// SIGKILL to all members until two looks in a row find none, since a process may fork while it is being
// looked at. Blocks for at most `patience` (and one look).
EndedRun end_run(std::string_view run_id, base::Nanos patience);

}  // namespace squall::process
