#include "process/run_members.h"

#include <signal.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "process/pid_fd.h"

namespace squall::process {
namespace {

constexpr base::Nanos kLookAgain = std::chrono::milliseconds{1};
constexpr int kCleanLooks = 2;

}  // namespace

std::string unique_run_id(std::string_view name) {
  const auto self = read_status(getpid());
  return fmt::format("{}.{}-{}", name, getpid(), self ? self->identity.start_ticks : 0);
}

std::vector<ProcStatus> run_members(std::string_view run_id) {
  std::vector<ProcStatus> living;
  if (run_id.empty()) return living;
  const std::string entry = fmt::format("{}={}", kRunIdVariable, run_id);
  const pid_t self = getpid();
  const std::vector<ProcStatus> table = all_processes();
  std::set<pid_t> members;
  for (const ProcStatus& process : table) {
    if (process.identity.pid == self || process.identity.pid == 1 || !process.alive()) continue;
    if (has_environment_entry(process.identity.pid, entry)) members.insert(process.identity.pid);
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcStatus& process : table) {
      if (process.identity.pid == self || !members.contains(process.parent)) continue;
      grown = members.insert(process.identity.pid).second || grown;
    }
  }
  for (const ProcStatus& process : table) {
    if (!members.contains(process.identity.pid) || !process.alive()) continue;
    if (auto full = read_status(process.identity); full && full->alive()) living.push_back(*std::move(full));
  }
  return living;
}

EndedRun end_run(std::string_view run_id, base::Nanos patience) {
  const base::Instant deadline = base::now() + patience;
  EndedRun result;
  std::set<ProcessIdentity> struck;
  for (int clean = 0; clean < kCleanLooks;) {
    result.left = run_members(run_id);
    clean = result.left.empty() ? clean + 1 : 0;
    for (const ProcStatus& member : result.left) {
      const auto process = PidFd::open(member.identity);
      if (!process) continue;  // it ended by itself meanwhile
      if (const auto sent = process->signal(SIGKILL); sent && *sent) struck.insert(member.identity);
    }
    if (!result.left.empty() && base::now() >= deadline) break;
    if (clean < kCleanLooks) std::this_thread::sleep_for(kLookAgain);
  }
  result.ended = static_cast<int>(struck.size());
  return result;
}

}  // namespace squall::process
