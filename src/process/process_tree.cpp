#include "process/process_tree.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "process/pid_fd.h"

namespace squall::process {
namespace {

constexpr base::Nanos kLookAgain = std::chrono::microseconds{500};

// A look is no snapshot: a process may fork behind the reader's back and end before it is reached itself.
constexpr int kCleanLooks = 2;

}  // namespace

std::vector<ProcStatus> tree_members(const std::vector<ProcStatus>& table, const ProcessTree::Root& root,
                                     const std::vector<pid_t>& marked) {
  const auto root_entry =
      std::ranges::find(table, root.identity.pid, [](const ProcStatus& p) { return p.identity.pid; });
  // Its pid in the hands of another process: then neither descent nor session mean anything.
  const bool pid_reused = root_entry != table.end() && root_entry->identity != root.identity;
  const bool root_listed = root_entry != table.end() && !pid_reused;

  std::set<pid_t> members(marked.begin(), marked.end());
  if (root_listed) members.insert(root.identity.pid);
  for (const ProcStatus& process : table) {
    if (root.own_session && !pid_reused && process.session == root.identity.pid &&
        process.identity.start_ticks >= root.identity.start_ticks) {
      members.insert(process.identity.pid);
    }
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcStatus& process : table) {
      if (!members.contains(process.parent) || members.contains(process.identity.pid)) continue;
      members.insert(process.identity.pid);
      grown = true;
    }
  }

  std::vector<ProcStatus> living;
  if (root_listed && root_entry->alive()) living.push_back(*root_entry);
  for (const ProcStatus& process : table) {
    const bool is_root = process.identity == root.identity;
    if (!is_root && process.alive() && members.contains(process.identity.pid)) living.push_back(process);
  }
  return living;
}

std::vector<ProcStatus> ProcessTree::members() const {
  const std::vector<ProcStatus> table = all_processes();
  const pid_t self = getpid();
  std::vector<pid_t> marked;
  if (!root_.mark.empty()) {
    for (const ProcStatus& process : table) {
      const bool may_be_ours = process.alive() && process.identity.start_ticks >= root_.identity.start_ticks;
      if (may_be_ours && process.identity.pid != self &&
          has_environment_entry(process.identity.pid, root_.mark)) {
        marked.push_back(process.identity.pid);
      }
    }
  }
  std::vector<ProcStatus> found;
  for (const ProcStatus& process : tree_members(table, root_, marked)) {
    if (process.identity.pid == self) continue;
    if (auto full = read_status(process.identity); full && full->alive()) found.push_back(*std::move(full));
  }
  return found;
}

std::vector<ProcStatus> ProcessTree::kill_all(base::Nanos patience) const {
  const base::Instant deadline = base::now() + patience;
  for (int clean = 0;;) {
    std::vector<ProcStatus> remaining = members();
    clean = remaining.empty() ? clean + 1 : 0;
    if (clean == kCleanLooks) return {};
    for (const ProcStatus& member : remaining) {
      const auto process = PidFd::open(member.identity);
      if (process) (void)process->signal(SIGKILL);
    }
    if (base::now() >= deadline) return remaining;
    std::this_thread::sleep_for(kLookAgain);
  }
}

bool is_frozen(pid_t pid) {
  const auto states = thread_states(pid);
  return !states.empty() &&
         std::ranges::all_of(states, [](char state) { return state == 'T' || state == 'Z' || state == 'X'; });
}

}  // namespace squall::process
