#include "router/supervise/front.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace router::supervise {

using squall::base::fail_errno;
using squall::base::Result;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kPortFile = "http.port";
constexpr std::string_view kAddressFile = "http.address";
constexpr auto kStragglers = 2s;

std::vector<pid_t> own_children() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t pid = 0; children >> pid;) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

Result<Front> Front::open(Household& household, board::Role role, const observe::Log& log) {
  // Orphaned roles become our children, not pid 1's: we can wait for their end and leave no zombies.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("cannot adopt orphans", errno);

  Front front(household, std::string(board::name_of(role)));
  if (auto pid = household.run_dir.write_pid(front.name_, getpid()); !pid)
    return std::unexpected(pid.error());
  auto http = http::HealthServer::start(household.config.http, household.board, household.config);
  if (!http) return std::unexpected(http.error());
  front.http_ = std::move(*http);
  for (const auto& [file, text] : {std::pair{kPortFile, fmt::format("{}\n", front.http_->port())},
                                   std::pair{kAddressFile, front.http_->address() + "\n"}}) {
    if (auto written = household.run_dir.write(file, text); !written) return std::unexpected(written.error());
  }
  board::Slot& slot = household.board.slot(role);
  slot.prepare(squall::base::now());
  slot.set_pid(getpid());
  slot.set_state(board::State::running);
  slot.beat(squall::base::now());
  log.info("router started", {{"version", SQUALL_VERSION},
                              {"run_dir", household.run_dir.path()},
                              {"http", front.http_->address()},
                              {"defect", config::name_of(household.defect)}});
  return front;
}

Front::~Front() {
  if (!household_) return;
  http_.reset();
  household_->run_dir.remove(kPortFile);
  household_->run_dir.remove(kAddressFile);
  household_->run_dir.remove_pid(name_);
}

bool reap_stragglers(Household& household) {
  const auto deadline = squall::base::now() + kStragglers;
  while (true) {
    const pid_t reaped = waitpid(-1, nullptr, WNOHANG);
    if (reaped < 0 && errno == ECHILD) break;
    if (reaped != 0) continue;
    if (squall::base::now() > deadline) return false;
    // The kernel kills the roles; something that one of them started and left behind is ours to kill. A child
    // that only we reap keeps its pid until then.
    for (const pid_t pid : own_children()) kill(pid, SIGKILL);
    std::this_thread::sleep_for(500us);
  }
  for (board::Slot& slot : household.board.slots()) {
    if (slot.role() == board::Role::guardian || slot.role() == board::Role::supervisor) continue;
    if (slot.state() == board::State::absent) continue;
    slot.buried();
    household.run_dir.remove_pid(slot.name());
  }
  return true;
}

}  // namespace router::supervise
