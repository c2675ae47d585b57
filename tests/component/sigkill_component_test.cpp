// A run is killed with SIGKILL at 200 instants: nothing may be left of it within two seconds, what it had
// written must be readable, and the next run must work.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <map>
#include <thread>

#include "base/seed.h"
#include "evidence/read_back.h"
#include "inject/heal_run.h"
#include "process/child.h"
#include "process/run_members.h"
#include "process/spawn.h"
#include "support/faulted_run.h"
#include "support/temporary_folder.h"

namespace squall::inject {
namespace {

using namespace std::chrono_literals;
using testing::FaultedRunProgress;

constexpr int kKills = 200;
constexpr int kAtLeastInEachStage = 20;
constexpr base::Nanos kAllowed = 2s;
constexpr std::uint64_t kSeed = 7;

std::string mounts() {
  std::ifstream file("/proc/self/mountinfo");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool somebody_listens(int port) {
  if (port == 0) return false;
  const base::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT
}

class SigkillComponent : public ::testing::Test {
 protected:
  SigkillComponent() {
    std::filesystem::create_directory(folder /
                                      "artifacts");  // the first run may be killed before it does that
    auto child = process::Child::start(
        io,
        {.name = "stranger", .command = {"sh", "-c", "sleep 601 & sleep 602 & wait"}, .run_id = "nobody's"});
    SQUALL_CHECK(child);
    stranger = *std::move(child);
    while (stranger->tree().members().size() != 3) std::this_thread::sleep_for(1ms);
  }

  base::Result<process::Spawned> start(int number, int faults) {
    // From the last run's, which may still be mapped elsewhere.
    std::filesystem::remove(folder / "progress");
    progress = &testing::map_progress(folder / "progress");
    return process::spawn(
        {.command = {FAULTED_RUN, (folder / "artifacts").string(), std::to_string(stranger->pid()),
                     std::to_string(stranger->identity().start_ticks), std::to_string(number),
                     (folder / "progress").string(), std::to_string(faults)}});
  }

  std::filesystem::path last_run() const {
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "artifacts")) {
      if (entry.is_directory() && !entry.is_symlink() && !seen_.contains(entry.path().string()))
        newest = entry.path();
    }
    return newest;
  }

  // What is left of the killed run; empty: nothing.
  std::string left_of(const std::string& run_id) const {
    for (const auto& member : process::run_members(run_id)) return member.describe() + " lives";
    for (const auto& member : stranger->tree().members()) {
      const auto states = process::thread_states(member.identity.pid);
      if (std::ranges::find(states, 'T') != states.end()) return member.describe() + " is frozen";
    }
    if (somebody_listens(progress->port)) return fmt::format("somebody listens on {}", progress->port.load());
    const auto watchdog = process::read_status(progress->watchdog);
    if (progress->watchdog != 0 && watchdog && watchdog->alive()) return "the watchdog lives";
    if (mounts() != mounts_) return "the mounts differ";
    return "";
  }

  // Errors: what is still left after the time allowed.
  base::Result<base::Nanos> wait_until_clean(const std::string& run_id, base::Instant killed_at) const {
    for (;;) {
      const std::string left = left_of(run_id);
      const base::Nanos took = base::now() - killed_at;
      if (left.empty()) return took;
      if (took > kAllowed) return base::fail("{} after {}", left, base::format_duration(took));
      std::this_thread::sleep_for(1ms);
    }
  }

  void check_evidence(const std::filesystem::path& run) {
    const auto content = fault::read_journal(run / kJournalName);
    ASSERT_TRUE(content) << content.error().message();
    EXPECT_TRUE(content->unsettled().empty());
    // Killed between the folder and its first file: there is no evidence yet.
    if (progress->started_ns == 0 && !std::filesystem::exists(run / "timeline.jsonl")) return;
    const auto timeline = evidence::read_timeline(run);
    ASSERT_TRUE(timeline) << timeline.error().message();
    EXPECT_LE(timeline->unreadable_lines, 1U);
    EXPECT_TRUE(progress->started_ns == 0 || !timeline->entries.empty());
  }

  // Destroyed last: the artifacts of 200 runs, in memory where that is possible.
  testing::TemporaryFolder folder;
  boost::asio::io_context io;
  std::unique_ptr<process::Child> stranger;
  FaultedRunProgress* progress = nullptr;
  std::set<std::string> seen_;
  const std::string mounts_ = mounts();
};

TEST_F(SigkillComponent, NothingIsLeftAndTheNextRunWorksWhereverARunIsKilled) {
  std::map<int, int> killed_in;
  base::Nanos slowest{0};
  for (int number = 0; number < kKills; ++number) {
    const base::Seed seed = base::Seed(kSeed).derive(static_cast<std::uint64_t>(number));
    SCOPED_TRACE(fmt::format("kill {}", number));
    const auto run = start(number, 1000);
    ASSERT_TRUE(run) << run.error().message();
    // Every tenth is killed somewhere in its start, the others somewhere in their faults.
    const bool in_start = number % 10 == 0;
    const base::Instant gives_up_at = base::now() + 10s;
    while (!in_start && progress->started_ns == 0 && base::now() < gives_up_at)
      std::this_thread::sleep_for(100us);
    ASSERT_TRUE(in_start || progress->started_ns != 0) << "the run after a killed one does not work";
    std::this_thread::sleep_for(base::Nanos{static_cast<std::int64_t>(seed.below(25'000'000))});
    // Chance alone would seldom meet the short stages of a busy machine: three of five kills wait for theirs.
    const int aim = FaultedRunProgress::kArmed + number % 5;
    while (!in_start && aim <= FaultedRunProgress::kHealing && progress->stage != aim &&
           base::now() < gives_up_at) {
    }

    const base::Instant killed_at = base::now();
    // Alone, or with its whole group, as a terminal or a service manager does.
    kill(number % 2 == 0 ? run->pid : -run->pid, SIGKILL);
    ASSERT_EQ(waitpid(run->pid, nullptr, 0), run->pid);
    const int stage = progress->stage;
    ++killed_in[stage];

    const auto folder_of_run = last_run();
    std::string run_id;
    if (!folder_of_run.empty()) {
      seen_.insert(folder_of_run.string());
      const auto content = fault::read_journal(folder_of_run / kJournalName);
      if (content && content->run) run_id = content->run->run_id;
    }
    const auto clean = wait_until_clean(run_id, killed_at);
    ASSERT_TRUE(clean) << clean.error().message() << "; killed in stage " << stage;
    slowest = std::max(slowest, *clean);
    if (!folder_of_run.empty()) check_evidence(folder_of_run);
  }
  EXPECT_GE(killed_in[FaultedRunProgress::kArmed], kAtLeastInEachStage) << "journalled, not injected";
  EXPECT_GE(killed_in[FaultedRunProgress::kActive], kAtLeastInEachStage);
  EXPECT_GE(killed_in[FaultedRunProgress::kHealing], kAtLeastInEachStage);
  fmt::print("killed in: start {}, idle {}, armed {}, active {}, healing {}; all clean after {} at most\n",
             killed_in[FaultedRunProgress::kStarting], killed_in[FaultedRunProgress::kIdle],
             killed_in[FaultedRunProgress::kArmed], killed_in[FaultedRunProgress::kActive],
             killed_in[FaultedRunProgress::kHealing], base::format_duration(slowest));

  const auto last = start(kKills, 6);
  ASSERT_TRUE(last) << last.error().message();
  int status = 0;
  ASSERT_EQ(waitpid(last->pid, &status, 0), last->pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "a run that is not killed ends well";
  EXPECT_EQ(progress->faults, 6);
  EXPECT_EQ(left_of(""), "");
}

}  // namespace
}  // namespace squall::inject
