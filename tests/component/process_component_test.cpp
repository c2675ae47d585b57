// Real children: their trees, exits, freezing and logs.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "base/asio_run.h"
#include "process/child.h"
#include "process/log_tail.h"
#include "support/temporary_folder.h"

namespace squall::process {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

class ProcessComponent : public ::testing::Test {
 protected:
  boost::asio::io_context io;
  TemporaryFolder folder;

  std::unique_ptr<Child> start(std::vector<std::string> command) {
    auto child = Child::start(
        io,
        {.name = "probe", .command = std::move(command), .log_path = folder / "child.log", .run_id = "r1"});
    EXPECT_TRUE(child) << (child ? "" : child.error().message());
    return child ? *std::move(child) : nullptr;
  }
  std::unique_ptr<Child> shell(const std::string& script) { return start({"sh", "-c", script}); }

  // Polls with a deadline.
  static bool soon(const std::function<bool()>& condition) {
    for (const base::Instant deadline = base::now() + 10s; base::now() < deadline;) {
      if (condition()) return true;
      std::this_thread::sleep_for(1ms);
    }
    return condition();
  }
  std::string log() const {
    std::ifstream file(folder / "child.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(ProcessComponent, WaitExitGivesTheCodeAndTheInstant) {
  const auto child = shell("exit 3");
  const base::Instant before = base::now();
  const auto exit = base::run(io, child->wait_exit(before + 10s));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->describe(), "exit code 3");
  EXPECT_GE(exit->noticed_at, child->started_at());
  EXPECT_FALSE(child->running());
}

// The copy of a pidfd that one wait had made stayed in epoll when it was closed, and its event ended the wait
// for the next process, which had got the same descriptor: "still runs at the deadline", ten seconds before
// it.
TEST_F(ProcessComponent, AWaitIsNotEndedByTheExitOfAnotherProcess) {
  for (int round = 0; round < 20; ++round) {
    const auto first = start({"true"});
    ASSERT_TRUE(base::run(io, first->wait_exit(base::now() + 10s)));
    const auto second = shell("sleep 0.02; exit 4");
    const auto exit = base::run(io, second->wait_exit(base::now() + 10s));
    ASSERT_TRUE(exit) << round;
    EXPECT_EQ(exit->code, 4);
  }
}

TEST_F(ProcessComponent, WaitExitGivesNothingAtTheDeadlineAndTheSignalLater) {
  const auto child = start({"sleep", "60"});
  EXPECT_FALSE(base::run(io, child->wait_exit(base::now() + 20ms)));
  EXPECT_TRUE(child->running());
  EXPECT_EQ(child->signal(SIGINT).value_or(false), true);
  const auto exit = base::run(io, child->wait_exit(base::now() + 10s));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGINT);
  EXPECT_EQ(exit->describe(), "SIGINT");
  EXPECT_EQ(child->signal(SIGINT).value_or(true), false) << "a dead child takes no signals";
}

TEST_F(ProcessComponent, TheExitIsNoticedWhenItHappensThoughNobodyWaits) {
  const auto child = start({"sleep", "60"});
  int calls = 0;
  child->on_exit([&](const ExitStatus& exit) { calls += exit.signal == SIGKILL ? 1 : 100; });
  ASSERT_TRUE(child->signal(SIGKILL));
  io.run_for(10s);  // ends when nothing is awaited any more
  EXPECT_EQ(calls, 1);
}

TEST_F(ProcessComponent, OutputAndErrorsAreAppendedToTheLogAndTheRunIdIsInTheEnvironment) {
  std::ofstream(folder / "child.log") << "before\n";
  const auto child = shell("echo out $SQUALL_RUN_ID; echo err >&2");
  ASSERT_TRUE(base::run(io, child->wait_exit(base::now() + 10s)));
  EXPECT_EQ(log(), "before\nout r1\nerr\n");
}

TEST_F(ProcessComponent, ALogThatCannotBeWrittenIsNamed) {
  const auto child =
      Child::start(io, {.name = "router", .command = {"true"}, .log_path = "/no/such/folder/x.log"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(),
            "cannot start router: cannot write the log /no/such/folder/x.log: No such file or directory");
}

TEST_F(ProcessComponent, StopTermsFirstAndKillsAfterTheGrace) {
  const auto polite = shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(soon([&] { return log() == "ready\n"; }));
  auto stopped = base::run(io, polite->stop(10s));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->code, 7);
  EXPECT_EQ(log(), "ready\nbye\n");

  const auto deaf = shell("trap '' TERM; echo deaf; while :; do sleep 0.01; done");
  ASSERT_TRUE(soon([&] { return log().ends_with("deaf\n"); }));
  stopped = base::run(io, deaf->stop(50ms));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->signal, SIGKILL);
}

TEST_F(ProcessComponent, StopReachesAFrozenChild) {
  const auto child = start({"sleep", "60"});
  kill(child->pid(), SIGSTOP);
  ASSERT_TRUE(soon([&] { return is_frozen(child->pid()); }));
  const auto stopped = base::run(io, child->stop(10s));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->signal, SIGTERM);
}

// A shell, its child, and a daemon that left session and parent: what `npm start` and worse leave behind.
constexpr const char* kFamily =
    "sleep 61 & (setsid sh -c 'sleep 62 & wait' & ) ; (setsid sleep 63 &) ; echo ready; wait";

TEST_F(ProcessComponent, TheTreeHoldsDetachedGrandchildrenAndKillAllEndsThem) {
  const auto child = shell(kFamily);
  ASSERT_TRUE(soon([&] { return child->tree().members().size() == 5; }));
  std::vector<ProcessIdentity> family;
  for (const ProcStatus& member : child->tree().members()) family.push_back(member.identity);
  EXPECT_EQ(family.front(), child->identity()) << "the root comes first";

  EXPECT_THAT(child->tree().kill_all(10s), IsEmpty());
  for (const ProcessIdentity& member : family) EXPECT_FALSE(is_alive(member)) << member.pid;
}

TEST_F(ProcessComponent, TheDestructorEndsTheWholeTreeEvenWhenTheChildIsLongGone) {
  auto child = shell("(setsid sleep 61 &) ; exit 0");
  ASSERT_TRUE(base::run(io, child->wait_exit(base::now() + 10s)));
  const auto orphans = child->tree().members();
  ASSERT_EQ(orphans.size(), 1U);
  child.reset();
  EXPECT_FALSE(is_alive(orphans[0].identity));
}

// In the middle of execve() /proc shows an empty environment; a tree that was looked at in that moment missed
// its detached member, and the kill left it alive. Here one does nothing but execute itself.
TEST_F(ProcessComponent, ADetachedMemberIsSeenWhileItExecutesAProgram) {
  const auto script = folder / "again.sh";
  std::ofstream(script) << "#!/bin/sh\nexec \"$0\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto child = shell(fmt::format("(setsid {} &) ; exit 0", script.string()));
  ASSERT_TRUE(base::run(io, child->wait_exit(base::now() + 10s)));
  for (int look = 0; look < 100; ++look) ASSERT_EQ(child->tree().members().size(), 1U) << "look " << look;
}

TEST_F(ProcessComponent, ChildrenOfOneRunHaveTreesOfTheirOwn) {
  const auto one = start({"sleep", "61"});
  const auto other = start({"sleep", "62"});
  EXPECT_EQ(one->tree().members().size(), 1U);
  EXPECT_THAT(one->tree().kill_all(10s), IsEmpty());
  EXPECT_TRUE(other->running());
}

TEST_F(ProcessComponent, APidFdIsRefusedForAnotherStartTimeAndForTheDead) {
  auto child = start({"sleep", "60"});
  const ProcessIdentity identity = child->identity();
  EXPECT_TRUE(PidFd::open(identity));
  const auto other = PidFd::open(ProcessIdentity{identity.pid, identity.start_ticks + 1});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message(), fmt::format("pid {} is another process by now", identity.pid));
  child.reset();
  const auto gone = PidFd::open(identity);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message(), fmt::format("there is no process with pid {}", identity.pid));
}

// A server that died of SIGKILL was taken for dead when its main thread was, while others still wrote files.
TEST_F(ProcessComponent, AProcessOutlivesItsMainThread) {
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    std::thread([] { pause(); }).detach();
    syscall(SYS_exit, 0);  // this thread alone
  }
  ASSERT_TRUE(soon([&] { return process::read_status(pid)->state == 'Z'; }));
  const auto status = process::read_status(pid);
  EXPECT_TRUE(status->alive());
  EXPECT_TRUE(is_alive(status->identity));
  const ProcessTree tree({.identity = status->identity, .mark = "", .own_session = false});
  EXPECT_EQ(tree.members().size(), 1U);
  EXPECT_THAT(tree.kill_all(10s), IsEmpty());
  EXPECT_FALSE(is_alive(status->identity));
  waitpid(pid, nullptr, 0);
}

// The pidfd of a process with several threads can be readable a moment before it can be reaped (seen in 2 of
// 40 kills of router-worker on a loaded machine, Linux 6.18); its end went unnoticed then, and nobody
// restarted it. The moment cannot be forced: this test meets it by chance only.
TEST_F(ProcessComponent, TheEndOfAProcessWithManyThreadsIsAlwaysNoticed) {
  if (std::system("perl -e 'require threads' 2>/dev/null") != 0)  // NOLINT(concurrency-mt-unsafe)
    GTEST_SKIP() << "no perl with threads";
  for (int round = 0; round < 40; ++round) {
    const auto child =
        Child::start(io, {.name = "threads",
                          .command = {"perl", "-e",
                                      "require threads; threads->create(sub { sleep 60 }) for 1..8; "
                                      "$| = 1; print \"ready $ARGV[0]\\n\"; sleep 60",
                                      std::to_string(round)},
                          .log_path = folder / "child.log",
                          .run_id = "r1"});
    ASSERT_TRUE(child) << child.error().message();
    ASSERT_TRUE(soon([&] { return log().ends_with(fmt::format("ready {}\n", round)); })) << log();
    bool noticed = false;
    (*child)->on_exit([&](const ExitStatus&) { noticed = true; });
    ASSERT_TRUE((*child)->signal(SIGKILL));
    const base::Instant until = base::now() + 10s;
    while (!noticed && base::now() < until) {
      io.restart();
      io.run_for(1ms);
    }
    EXPECT_TRUE(noticed) << round;
  }
}

TEST_F(ProcessComponent, AStrangersExitIsNoticedThroughItsPidFd) {
  const auto child = shell("sleep 60 & echo $!; wait");
  ASSERT_TRUE(soon([&] { return log().ends_with("\n"); }));
  const auto stranger = PidFd::open(std::stoi(log()));
  ASSERT_TRUE(stranger);
  EXPECT_FALSE(base::run(io, stranger->wait_exit(base::now() + 10ms)));
  EXPECT_EQ(stranger->signal(SIGKILL).value_or(false), true);
  EXPECT_TRUE(base::run(io, stranger->wait_exit(base::now() + 10s)));
  EXPECT_TRUE(stranger->exited());
}

// Squall itself dies by SIGKILL: its child dies with it, and what the child wrote until then is in its log.
TEST_F(ProcessComponent, AKilledRunnerLeavesNoChildAndLosesNoOutput) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t runner = fork();
  ASSERT_GE(runner, 0);
  if (runner == 0) {
    boost::asio::io_context own;
    auto child = Child::start(own, {.name = "victim",
                                    .command = {"sh", "-c", "echo alive; exec sleep 60"},
                                    .log_path = folder / "child.log",
                                    .run_id = "r2"});
    const ProcessIdentity identity = child ? (*child)->identity() : ProcessIdentity{};
    (void)!write(fds[1], &identity, sizeof identity);
    pause();
    _exit(0);
  }
  ProcessIdentity victim;
  ASSERT_EQ(read(fds[0], &victim, sizeof victim), static_cast<ssize_t>(sizeof victim));
  close(fds[0]);
  close(fds[1]);
  ASSERT_TRUE(soon([&] { return log() == "alive\n"; }));
  ASSERT_TRUE(is_alive(victim));
  kill(runner, SIGKILL);
  waitpid(runner, nullptr, 0);
  EXPECT_TRUE(soon([&] { return !is_alive(victim); }));
}

class LogTailComponent : public ProcessComponent {
 protected:
  std::vector<std::string> lines;

  std::unique_ptr<LogTail> follow(LogTail::From from = LogTail::From::kStart) {
    auto tail = LogTail::start(io, folder / "x.log", from,
                               [this](const LogLine& line) { lines.emplace_back(line.text); });
    EXPECT_TRUE(tail) << (tail ? "" : tail.error().message());
    return tail ? *std::move(tail) : nullptr;
  }
  void append(std::string_view text) { std::ofstream(folder / "x.log", std::ios::app) << text << std::flush; }
  bool lines_become(std::size_t count) {
    for (const base::Instant deadline = base::now() + 10s; base::now() < deadline && lines.size() < count;) {
      io.run_for(1ms);
    }
    return lines.size() == count;
  }
};

TEST_F(LogTailComponent, HandsOverCompleteLinesAndKeepsTheBeginningOfOne) {
  append("one\ntw");
  const auto tail = follow();
  ASSERT_TRUE(lines_become(1));
  append("o");
  io.run_for(5ms);
  EXPECT_THAT(lines, ElementsAre("one"));
  append("\r\n\nthree\nfour");
  ASSERT_TRUE(lines_become(4));
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "three"));
}

TEST_F(LogTailComponent, StartsAtTheEndWhenAskedTo) {
  append("old\n");
  const auto tail = follow(LogTail::From::kEnd);
  append("new\n");
  ASSERT_TRUE(lines_become(1));
  EXPECT_THAT(lines, ElementsAre("new"));
}

TEST_F(LogTailComponent, FollowsTruncation) {
  append("first\nhalf");
  const auto tail = follow();
  ASSERT_TRUE(lines_become(1));
  std::filesystem::resize_file(folder / "x.log", 0);
  append("a\n");
  ASSERT_TRUE(lines_become(2));
  EXPECT_THAT(lines, ElementsAre("first", "a"));
}

TEST_F(LogTailComponent, DrainHandsOverWhatWasWrittenWithoutWaitingForEvents) {
  append("");
  const auto tail = follow();
  append("last words\n");
  tail->drain();
  EXPECT_THAT(lines, ElementsAre("last words"));
}

TEST_F(LogTailComponent, TheCallbackMayEndTheTail) {
  append("one\ntwo\n");
  std::unique_ptr<LogTail> tail;
  int calls = 0;
  tail = *LogTail::start(io, folder / "x.log", LogTail::From::kStart, [&](const LogLine&) {
    ++calls;
    tail.reset();
  });
  io.run_for(1s);
  EXPECT_EQ(calls, 1);
}

TEST_F(LogTailComponent, AMissingFileIsAnError) {
  const auto tail = LogTail::start(io, folder / "none.log", LogTail::From::kStart, [](const LogLine&) {});
  ASSERT_FALSE(tail);
  EXPECT_THAT(tail.error().message(), HasSubstr("none.log: No such file or directory"));
}

TEST_F(LogTailComponent, LastLinesAreTheLastOnes) {
  append("a\nb\nc\n");
  EXPECT_EQ(last_lines(folder / "x.log", 2), "b\nc");
  EXPECT_EQ(last_lines(folder / "x.log", 9), "a\nb\nc");
  EXPECT_EQ(last_lines(folder / "x.log", 0), "");
  EXPECT_EQ(last_lines(folder / "none.log", 3), "");
}

}  // namespace
}  // namespace squall::process
