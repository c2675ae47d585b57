// The watchdog and the healing of a run, with real processes: what is left when Squall goes, however it goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>
#include <thread>

#include "base/asio_run.h"
#include "fault/journal.h"
#include "inject/freeze.h"
#include "inject/heal_run.h"
#include "inject/watchdog.h"
#include "process/child.h"
#include "process/run_members.h"
#include "support/temporary_folder.h"

namespace squall::inject {
namespace {

using namespace std::chrono_literals;
using fault::UndoState;
using process::is_alive;
using process::is_frozen;
using process::run_members;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

bool soon(const std::function<bool()>& condition, base::Nanos patience = 10s) {
  for (const base::Instant deadline = base::now() + patience; base::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return condition();
}

// A shell, its child and a detached grandchild whose parent is init.
constexpr const char* kFamily = "sleep 61 & (setsid sleep 62 &); wait";

// The two sleep, and the shell in between has ended.
bool family_stands(const process::ProcessTree& tree) {
  const auto members = tree.members();
  const auto sleeping = std::ranges::count_if(members, [](const auto& member) {
    return member.arguments.size() == 2 && member.arguments[0] == "sleep";
  });
  return sleeping == 2 && members.size() == 3;
}

// A Squall of its own in a forked process, which does `work` and then dies as `end` says.
class WatchdogComponent : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  std::filesystem::path journal_path = folder / kJournalName;
  std::string run_id = process::unique_run_id("watchdog-test");
  boost::asio::io_context io;

  // Not of the run: what an attached process is.
  std::unique_ptr<process::Child> stranger() {
    auto child = process::Child::start(io, {.name = "stranger",
                                            .command = {"sh", "-c", kFamily},
                                            .log_path = folder / "stranger.log",
                                            .run_id = "another-run"});
    EXPECT_TRUE(child) << (child ? "" : child.error().message());
    EXPECT_TRUE(soon([&] { return family_stands((*child)->tree()); }));
    return *std::move(child);
  }

  struct Squall {
    pid_t pid = -1;
    pid_t watchdog = -1;
  };
  // `work` runs in the new process, with its journal; then it stops and waits for what the test does to it.
  Squall squall(const std::function<void(fault::Journal&, boost::asio::io_context&)>& work) {
    int report[2];
    EXPECT_EQ(pipe2(report, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      boost::asio::io_context own;
      auto journal = fault::Journal::open(journal_path, this_run(run_id));
      auto watchdog = Watchdog::start(journal_path);
      const pid_t dog = watchdog ? watchdog->pid() : -1;
      if (!watchdog) fprintf(stderr, "%s\n", watchdog.error().message().c_str());
      if (watchdog) work(*journal, own);
      (void)!write(report[1], &dog, sizeof dog);
      for (;;) pause();
    }
    close(report[1]);
    Squall started{.pid = pid};
    living_.push_back(pid);
    EXPECT_EQ(read(report[0], &started.watchdog, sizeof started.watchdog), long{sizeof started.watchdog});
    close(report[0]);
    return started;
  }
  void kill_squall(const Squall& squall) {
    kill(squall.pid, SIGKILL);
    waitpid(squall.pid, nullptr, 0);
    std::erase(living_, squall.pid);
  }
  // After a failure.
  ~WatchdogComponent() override {
    for (const pid_t pid : std::vector(living_)) kill_squall({.pid = pid});
  }
  static bool gone(pid_t pid) {
    const auto status = process::read_status(pid);
    return !status || !status->alive();
  }
  UndoState state_of(std::size_t entry) const {
    const auto content = fault::read_journal(journal_path);
    return content && content->entries.size() > entry ? content->entries[entry].state : UndoState::kPending;
  }
  std::string log() const {
    std::ifstream file(folder / "watchdog.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::vector<pid_t> living_;
};

void start_family(boost::asio::io_context& io, const std::string& run_id) {
  // Kept alive on purpose: its destructor must not be what ends it.
  static auto child =
      process::Child::start(io, {.name = "family", .command = {"sh", "-c", kFamily}, .run_id = run_id});
  (void)soon([] { return family_stands((*child)->tree()); });
}

TEST_F(WatchdogComponent, NothingOfTheRunLivesAfterSquallWasKilled) {
  const Squall killed =
      squall([&](fault::Journal&, boost::asio::io_context& own) { start_family(own, run_id); });
  ASSERT_EQ(run_members(run_id).size(), 3U);
  EXPECT_NE(getsid(killed.watchdog), getsid(killed.pid));
  kill_squall(killed);
  EXPECT_TRUE(soon([&] { return run_members(run_id).empty(); }, 2s));
  EXPECT_TRUE(soon([&] { return gone(killed.watchdog); }, 2s)) << "the watchdog goes, too";
  EXPECT_THAT(log(), HasSubstr("Squall is gone"));
}

TEST_F(WatchdogComponent, AFrozenStrangerRunsAgainAfterSquallWasKilledAndIsNotEnded) {
  const auto victim = stranger();
  const Squall killed = squall([&](fault::Journal& journal, boost::asio::io_context& own) {
    static std::optional<Freeze> freeze;
    freeze.emplace(victim->tree(), fault::Scope::kTree, "freeze-stranger", journal);
    (void)base::run(own, freeze->inject(base::now() + 5s));
  });
  ASSERT_TRUE(is_frozen(victim->pid()));
  kill_squall(killed);
  EXPECT_TRUE(soon([&] { return gone(killed.watchdog); }, 2s));
  EXPECT_EQ(victim->tree().members().size(), 3U);
  for (const auto& member : victim->tree().members()) EXPECT_FALSE(is_frozen(member.identity.pid));
  EXPECT_EQ(state_of(0), UndoState::kUndone);
}

TEST_F(WatchdogComponent, AnOverdueFaultIsHealedWhileSquallHangs) {
  const auto victim = stranger();
  const Squall hanging = squall([&](fault::Journal& journal, boost::asio::io_context& own) {
    static std::optional<Freeze> freeze;
    Safety safety(journal);
    safety.grace = 50ms;
    freeze.emplace(victim->tree(), Freeze::Plan{.fault_name = "freeze-stranger", .duration = 100ms}, safety);
    (void)base::run(own, freeze->inject(base::now() + 5s));
  });
  kill(hanging.pid, SIGSTOP);
  EXPECT_TRUE(soon([&] { return state_of(0) == UndoState::kUndone; }, 5s));
  EXPECT_FALSE(is_frozen(victim->pid()));
  EXPECT_THAT(log(), HasSubstr("overdue: thaw"));
  EXPECT_FALSE(gone(hanging.watchdog)) << "the run has not ended";
  kill_squall(hanging);
  EXPECT_TRUE(soon([&] { return gone(hanging.watchdog); }, 2s));
}

TEST_F(WatchdogComponent, AProgramThatDoesNotBecomeTheWatchdogItWasStartedAsStartsNoOther) {
  setenv("SQUALL_BECOMES_A_WATCHDOG", "1", 1);
  const auto started = Watchdog::start(journal_path);
  unsetenv("SQUALL_BECOMES_A_WATCHDOG");
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), HasSubstr("watchdog_main()"));
}

TEST_F(WatchdogComponent, SignalsMeantForSquallDoNotEndIt) {
  const Squall both = squall([](fault::Journal&, boost::asio::io_context&) {});
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) kill(both.watchdog, number);
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(gone(both.watchdog));
  kill_squall(both);
  EXPECT_TRUE(soon([&] { return gone(both.watchdog); }, 2s));
}

TEST_F(WatchdogComponent, IsGoneWhenTheRunEndsAndLeavesNoTraceOfItself) {
  auto journal = fault::Journal::open(journal_path, this_run(run_id));
  ASSERT_TRUE(journal);
  auto watchdog = Watchdog::start(journal_path);
  ASSERT_TRUE(watchdog) << watchdog.error().message();
  const pid_t pid = watchdog->pid();
  EXPECT_TRUE(watchdog->alive());
  const auto ended = watchdog->end();
  EXPECT_TRUE(ended) << ended.error().message();
  EXPECT_TRUE(gone(pid));
  EXPECT_EQ(log(), "");
}

TEST_F(WatchdogComponent, ARunThatEndsWithSomethingLeftIsHealedByIt) {
  const auto victim = stranger();
  auto journal = fault::Journal::open(journal_path, this_run(run_id));
  ASSERT_TRUE(journal);
  auto watchdog = Watchdog::start(journal_path);
  ASSERT_TRUE(watchdog) << watchdog.error().message();
  ASSERT_TRUE(
      journal->arm("forgotten", fault::Thaw{.processes = {{victim->pid(), victim->identity().start_ticks}}}));
  kill(victim->pid(), SIGSTOP);
  const auto ended = watchdog->end();
  EXPECT_TRUE(ended) << ended.error().message();
  EXPECT_FALSE(is_frozen(victim->pid()));
  EXPECT_THAT(log(), HasSubstr("had left something: 0 processes ended, 1 faults healed"));
}

TEST_F(WatchdogComponent, WhatCannotBeUndoneIsSaidWithTheCommandThatHealsIt) {
  auto journal = fault::Journal::open(journal_path, this_run(run_id));
  ASSERT_TRUE(journal);
  auto watchdog = Watchdog::start(journal_path);
  ASSERT_TRUE(watchdog) << watchdog.error().message();
  ASSERT_TRUE(journal->arm("broken", fault::RunCommand{.command = {"false"}, .deadline = 5s}));
  const auto ended = watchdog->end();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message(), HasSubstr("squall heal " + folder.path().string()));
  EXPECT_THAT(log(), HasSubstr("FAILED run false (broken): false: exit code 1"));
}

TEST_F(WatchdogComponent, AHealCommandThatHangsDelaysNoOtherUndoAndEndsAtItsDeadline) {
  const auto victim = stranger();
  const Squall killed = squall([&](fault::Journal& journal, boost::asio::io_context& own) {
    static std::optional<Freeze> freeze;
    freeze.emplace(victim->tree(), fault::Scope::kTree, "freeze-stranger", journal);
    (void)base::run(own, freeze->inject(base::now() + 5s));
    (void)journal.arm("hangs", fault::RunCommand{.command = {"sleep", "60"}, .deadline = 300ms});
  });
  kill_squall(killed);
  EXPECT_TRUE(soon([&] { return state_of(0) == UndoState::kUndone; }, 2s));
  EXPECT_TRUE(soon([&] { return gone(killed.watchdog); }, 5s));
  EXPECT_EQ(state_of(1), UndoState::kFailed);
  EXPECT_TRUE(needs_heal(journal_path)) << "the next run tries again";
}

// --- healing without a watchdog: it was killed with Squall, as a container's end does

class HealComponent : public WatchdogComponent {
 protected:
  // Both die at the same instant.
  void kill_both(const Squall& squall) {
    kill(squall.watchdog, SIGSTOP);
    kill_squall(squall);
    kill(squall.watchdog, SIGKILL);
    EXPECT_TRUE(soon([&] { return gone(squall.watchdog); }));
  }
};

TEST_F(HealComponent, HealEndsAndUndoesEverythingAndIsIdempotent) {
  const auto victim = stranger();
  const Squall killed = squall([&](fault::Journal& journal, boost::asio::io_context& own) {
    start_family(own, run_id);
    static std::optional<Freeze> freeze;
    freeze.emplace(victim->tree(), fault::Scope::kTree, "freeze-stranger", journal);
    (void)base::run(own, freeze->inject(base::now() + 5s));
  });
  kill_both(killed);
  EXPECT_TRUE(is_frozen(victim->pid()));
  EXPECT_TRUE(needs_heal(journal_path));
  EXPECT_THAT(runs_to_heal(folder.path().parent_path()), ::testing::Contains(journal_path));

  const auto report = heal_run(journal_path, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GE(report->ended, 1) << "the detached grandchild";
  ASSERT_EQ(report->healed.size(), 1U);
  EXPECT_EQ(report->healed[0].state, UndoState::kUndone);
  EXPECT_FALSE(report->anything_left());
  EXPECT_FALSE(is_frozen(victim->pid()));
  EXPECT_THAT(run_members(run_id), IsEmpty());

  const auto before = std::filesystem::last_write_time(journal_path);
  const auto again = heal_run(journal_path, {});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->anything_done());
  EXPECT_EQ(std::filesystem::last_write_time(journal_path), before);
  EXPECT_FALSE(needs_heal(journal_path));
}

TEST_F(HealComponent, ALivingRunIsLeftAloneUnlessForced) {
  const auto victim = stranger();
  const Squall living = squall([&](fault::Journal& journal, boost::asio::io_context& own) {
    static std::optional<Freeze> freeze;
    freeze.emplace(victim->tree(), fault::Scope::kTree, "freeze-stranger", journal);
    (void)base::run(own, freeze->inject(base::now() + 5s));
  });
  const auto refused = heal_run(journal_path, {});
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->still_runs);
  EXPECT_TRUE(is_frozen(victim->pid()));
  EXPECT_THAT(runs_to_heal(folder.path().parent_path()), ::testing::Not(::testing::Contains(journal_path)));

  const auto forced = heal_run(journal_path, {.force = true});
  ASSERT_TRUE(forced) << forced.error().message();
  EXPECT_EQ(state_of(0), UndoState::kUndone);
  EXPECT_TRUE(soon([&] { return !is_frozen(victim->pid()); }, 1s)) << "sent, though not waited for";
  kill_squall(living);
  EXPECT_TRUE(soon([&] { return gone(living.watchdog); }, 2s));
}

TEST_F(HealComponent, ForceNeverWaitsForTheTarget) {
  // A child that stops itself again at once can never be seen to run.
  auto child = process::Child::start(io, {.name = "stubborn",
                                          .command = {"sh", "-c", "while :; do kill -STOP $$; done"},
                                          .run_id = "another-run"});
  ASSERT_TRUE(child);
  ASSERT_TRUE(soon([&] { return is_frozen((*child)->pid()); }));
  auto journal = fault::Journal::open(journal_path, fault::JournalRun{.run_id = run_id});
  ASSERT_TRUE(journal);
  ASSERT_TRUE(
      journal->arm("x", fault::Thaw{.processes = {{(*child)->pid(), (*child)->identity().start_ticks}}}));
  const base::Instant began = base::now();
  ASSERT_TRUE(heal_run(journal_path, {.force = true}));
  EXPECT_LT(base::now() - began, 700ms) << "a heal that waits takes a second";
}

TEST_F(HealComponent, ATargetThatIsGoneHasVanished) {
  {
    const auto victim = stranger();
    auto journal =
        fault::Journal::open(journal_path, fault::JournalRun{.run_id = run_id, .boot_id = fault::boot_id()});
    ASSERT_TRUE(
        journal->arm("x", fault::Thaw{.processes = {{victim->pid(), victim->identity().start_ticks}}}));
  }
  const auto report = heal_run(journal_path, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->healed.at(0).state, UndoState::kVanished);
  EXPECT_FALSE(report->anything_left());
}

TEST_F(HealComponent, AfterARestartOfTheMachineItsPidsBelongToOthers) {
  const auto victim = stranger();
  {
    auto journal = fault::Journal::open(
        journal_path,
        fault::JournalRun{.run_id = "another-run", .boot_id = "an earlier one", .pid = getpid()});
    ASSERT_TRUE(
        journal->arm("x", fault::Thaw{.processes = {{victim->pid(), victim->identity().start_ticks}}}));
  }
  kill(victim->pid(), SIGSTOP);
  ASSERT_TRUE(soon([&] { return is_frozen(victim->pid()); }));
  const auto report = heal_run(journal_path, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->healed.at(0).state, UndoState::kVanished);
  EXPECT_TRUE(is_frozen(victim->pid())) << "not ours to thaw";
  EXPECT_TRUE(is_alive(victim->identity())) << "nor to end";
}

}  // namespace
}  // namespace squall::inject

int main(int argc, char** argv) {
  if (const auto code = squall::inject::watchdog_main(argc, argv)) return *code;
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
