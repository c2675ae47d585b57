#include "inject/undo_system.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "process/pid_fd.h"
#include "process/proc_status.h"

namespace squall::inject {
namespace {

constexpr base::Nanos kThawPatience = std::chrono::seconds{1};
constexpr base::Nanos kLookAgain = std::chrono::microseconds{500};

bool any_thread_stopped(pid_t pid) {
  const auto states = process::thread_states(pid);
  return std::ranges::find(states, 'T') != states.end();
}

// The processes of the entry that are still the same and live, and those that were forked since and carry
// the tree's mark.
std::vector<process::ProcessIdentity> living(const fault::Thaw& thaw) {
  std::vector<process::ProcessIdentity> found;
  for (const fault::Thaw::Process& process : thaw.processes) {
    const process::ProcessIdentity identity{process.pid, process.start_ticks};
    if (process::is_alive(identity)) found.push_back(identity);
  }
  if (thaw.mark.empty()) return found;
  for (const process::ProcStatus& other : process::all_processes()) {
    if (!other.alive() || std::ranges::find(found, other.identity) != found.end()) continue;
    if (process::has_environment_entry(other.identity.pid, thaw.mark)) found.push_back(other.identity);
  }
  return found;
}

}  // namespace

fault::Undone UndoSystem::thaw(const fault::Thaw& thaw) {
  const base::Instant deadline = base::now() + kThawPatience;
  std::string reason;
  for (;;) {
    const auto processes = living(thaw);
    if (processes.empty()) return {fault::UndoState::kVanished, "the frozen processes are gone"};
    pid_t stopped = 0;
    for (const process::ProcessIdentity& identity : processes) {
      if (!any_thread_stopped(identity.pid)) continue;
      stopped = identity.pid;
      const auto process = process::PidFd::open(identity);
      if (!process) continue;
      if (const auto sent = process->signal(SIGCONT); !sent) reason = sent.error().message();
    }
    if (stopped == 0)
      return {fault::UndoState::kUndone, fmt::format("{} processes run again", processes.size())};
    if (base::now() >= deadline) {
      return {fault::UndoState::kFailed,
              reason.empty() ? fmt::format("pid {} stays stopped", stopped) : reason};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

fault::Undone UndoSystem::restart_server(const fault::RestartServer& restart) {
  if (!restart_) return {fault::UndoState::kVanished, "servers end with the Squall that started them"};
  return restart_(restart.server);
}

}  // namespace squall::inject
