#include "inject/undo_system.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "process/awaited_command.h"
#include "process/limits.h"
#include "process/pid_fd.h"
#include "process/proc_status.h"

namespace squall::inject {
namespace {

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
  const base::Instant deadline = base::now() + options_.patience;
  std::string reason;
  for (bool first = true;; first = false) {
    const auto processes = living(thaw);
    if (processes.empty()) return {fault::UndoState::kVanished, "the frozen processes are gone"};
    pid_t stopped = 0;
    for (const process::ProcessIdentity& identity : processes) {
      const bool stops = any_thread_stopped(identity.pid);
      // One that does not stop yet may have the SIGSTOP before it still (it waits in the kernel): SIGCONT
      // takes that away.
      if (!stops && !first) continue;
      if (stops) stopped = identity.pid;
      const auto process = process::PidFd::open(identity);
      if (!process) continue;
      if (const auto sent = process->signal(SIGCONT); !sent) reason = sent.error().message();
    }
    if (stopped == 0)
      return {fault::UndoState::kUndone, fmt::format("{} processes run again", processes.size())};
    if (options_.patience == base::Nanos{0} && reason.empty())
      return {fault::UndoState::kUndone, "SIGCONT was sent; its effect was not waited for"};
    if (base::now() >= deadline) {
      return {fault::UndoState::kFailed,
              reason.empty() ? fmt::format("pid {} stays stopped", stopped) : reason};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

fault::Undone UndoSystem::restart_server(const fault::RestartServer& restart) {
  if (!options_.restart)
    return {fault::UndoState::kVanished, "servers end with the Squall that started them"};
  return options_.restart(restart.server);
}

fault::Undone UndoSystem::restore_limits(const fault::RestoreLimits& limits) {
  std::size_t restored = 0;
  for (const fault::RestoreLimits::Limit& limit : limits.limits) {
    const process::ProcessIdentity identity{limit.pid, limit.start_ticks};
    if (!process::is_alive(identity)) continue;
    const auto present = process::soft_limit(limit.pid, limit.resource);
    // Somebody changed it meanwhile: then it is theirs.
    if (present && *present != limit.lowered && *present != limit.original) continue;
    const auto set = process::set_soft_limit(identity, limit.resource, limit.original);
    if (!set && !process::is_alive(identity)) continue;
    if (!set) return {fault::UndoState::kFailed, set.error().message()};
    ++restored;
  }
  if (restored == 0) return {fault::UndoState::kVanished, "the limited processes are gone"};
  return {fault::UndoState::kUndone, fmt::format("{} limits are as they were", restored)};
}

fault::Undone UndoSystem::run_command(const fault::RunCommand& command) {
  const auto end = process::run_awaited(
      {.command = command.command, .working_directory = command.folder, .deadline = command.deadline});
  if (!end) return {fault::UndoState::kFailed, end.error().message()};
  if (!end->succeeded())
    return {fault::UndoState::kFailed, fmt::format("{}: {}", command.command[0], end->describe())};
  return {fault::UndoState::kUndone, fmt::format("{} succeeded", command.command[0])};
}

fault::Undone UndoSystem::ends_with_run(const fault::EndsWithRun&) {
  return {fault::UndoState::kVanished, "it ended with the run"};
}

}  // namespace squall::inject
