// Each fault on real children: its effect, its heal, and what is left when it fails.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>
#include <thread>

#include "base/asio_run.h"
#include "cluster/deployment.h"
#include "inject/freeze.h"
#include "inject/kill.h"
#include "inject/undo_system.h"
#include "process/child.h"
#include "support/faults_on_children.h"

namespace squall::inject {
namespace {

using namespace std::chrono_literals;
using fault::Scope;
using fault::UndoState;
using process::Child;
using process::is_frozen;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InjectComponent : public testing::FaultsOnChildren {
 protected:
  // A shell that starts one child, and a detached one.
  std::unique_ptr<Child> family() {
    auto child = shell("sleep 61 & (setsid sleep 62 &); wait");
    EXPECT_TRUE(soon([&] {
      const auto members = child->tree().members();  // both sleep, and the shell in between has ended
      const auto sleeping = std::ranges::count_if(members, [](const auto& member) {
        return member.arguments.size() == 2 && member.arguments[0] == "sleep";
      });
      return sleeping == 2 && members.size() == 3;
    }));
    return child;
  }
  static bool soon(const std::function<bool()>& condition, base::Nanos patience = 10s) {
    for (const base::Instant deadline = base::now() + patience; base::now() < deadline;) {
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

TEST_F(InjectComponent, AKillIsProvenByTheInstantAtWhichThePidIsGone) {
  const auto child = shell("exec sleep 60");
  const auto kill = base::run(io, kill_process(child->identity(), SIGKILL, base::now() + 10s));
  ASSERT_TRUE(kill) << kill.error().message();
  ASSERT_TRUE(kill->took_effect()) << kill->observation;
  EXPECT_GE(*kill->effect_at, kill->injected_at);
  EXPECT_LT(*kill->effect_at, kill->injected_at + 5s);
  EXPECT_THAT(kill->observation, HasSubstr(fmt::format("pid {} gone ", child->pid())));
  EXPECT_EQ(child->exit_status()->signal, SIGKILL);
}

TEST_F(InjectComponent, AKillThatIsIgnoredHasNoEffectAndIsNoError) {
  const auto child = shell("trap '' TERM; echo deaf; while :; do sleep 0.01; done");
  ASSERT_TRUE(soon([&] { return log() == "deaf\n"; }));
  const auto kill = base::run(io, kill_process(child->identity(), SIGTERM, base::now() + 50ms));
  ASSERT_TRUE(kill) << kill.error().message();
  EXPECT_FALSE(kill->took_effect());
  EXPECT_EQ(kill->observation, fmt::format("pid {} outlives SIGTERM", child->pid()));
}

TEST_F(InjectComponent, KillingTheDeadOrAnotherProcessOfThatPidIsAnError) {
  auto child = shell("exec sleep 60");
  const process::ProcessIdentity identity = child->identity();
  const auto other =
      base::run(io, kill_process({identity.pid, identity.start_ticks + 1}, SIGKILL, base::now() + 1s));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("is another process by now"));
  EXPECT_TRUE(child->running());
  child.reset();
  EXPECT_FALSE(base::run(io, kill_process(identity, SIGKILL, base::now() + 1s)));
}

TEST_F(InjectComponent, AProcessThatIsNotOurChildIsKilledAndSeenToBeGone) {
  const auto child = shell("sleep 60 & echo $!; wait $!; sleep 60");
  ASSERT_TRUE(soon([&] { return log().ends_with("\n"); }));
  const auto stranger = process::read_status(std::stoi(log()));
  ASSERT_TRUE(stranger);
  const auto kill = base::run(io, kill_process(stranger->identity, SIGKILL, base::now() + 10s));
  ASSERT_TRUE(kill && kill->took_effect());
  EXPECT_FALSE(process::is_alive(stranger->identity));
  EXPECT_TRUE(child->running());
}

TEST_F(InjectComponent, ANatsServerIsGoneByEachSignalThatEndsItAndHealsByItsStart) {
  auto deployment = cluster::Deployment::prepare(
      io, {.run_folder = folder / "run", .store_folder = folder / "store", .run_id = "r1"});
  ASSERT_TRUE(deployment) << deployment.error().message();
  cluster::Server& server = (*deployment)->server();
  for (const int number : {SIGKILL, SIGTERM, SIGINT}) {
    const auto started = base::run(io, server.start(base::now() + 20s));
    ASSERT_TRUE(started) << started.error().message();
    const auto kill = base::run(io, kill_process(server.child()->identity(), number, base::now() + 10s));
    ASSERT_TRUE(kill) << kill.error().message();
    EXPECT_TRUE(kill->took_effect()) << kill->observation;
    EXPECT_FALSE(server.running());
    EXPECT_EQ(server.child()->exit_status()->signal.value_or(0), number == SIGKILL ? SIGKILL : 0)
        << "a graceful end has an exit code";
  }
}

TEST_F(InjectComponent, KillingOneProcessLeavesItsChildrenAndKillingTheTreeDoesNot) {
  const auto one = family();
  ASSERT_TRUE(base::run(io, kill_process(one->identity(), SIGKILL, base::now() + 10s)));
  EXPECT_EQ(one->tree().members().size(), 2U);

  const auto whole = family();
  const auto kill = base::run(io, kill_tree(whole->tree(), SIGKILL, base::now() + 10s));
  ASSERT_TRUE(kill) << kill.error().message();
  EXPECT_TRUE(kill->took_effect()) << kill->observation;
  EXPECT_THAT(kill->observation, HasSubstr("3 processes"));
  EXPECT_THAT(whole->tree().members(), IsEmpty());
}

TEST_F(InjectComponent, ATreeThatForksWhileItIsKilledIsGoneAsAWhole) {
  const auto child = shell("while :; do sh -c 'sleep 0.001; (setsid sleep 61 &)' & done");
  ASSERT_TRUE(soon([&] { return child->tree().members().size() > 10; }));
  const auto kill = base::run(io, kill_tree(child->tree(), SIGKILL, base::now() + 10s));
  ASSERT_TRUE(kill) << kill.error().message();
  EXPECT_TRUE(kill->took_effect()) << kill->observation;
  EXPECT_THAT(child->tree().members(), IsEmpty());
}

TEST_F(InjectComponent, ATreeOfWhichSomeIgnoreTheSignalHasNoEffect) {
  const auto child = shell("sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.01; done' & wait");
  ASSERT_TRUE(soon([&] { return log() == "deaf\n"; }));
  const auto kill = base::run(io, kill_tree(child->tree(), SIGTERM, base::now() + 100ms));
  ASSERT_TRUE(kill) << kill.error().message();
  EXPECT_FALSE(kill->took_effect());
  EXPECT_THAT(kill->observation, HasSubstr("outlive SIGTERM"));
}

TEST_F(InjectComponent, AFreezeStopsEveryThreadAndItsHealLetsThemRun) {
  const auto child = family();
  Freeze freeze(child->tree(), Scope::kTree, "freeze-victim", *journal);
  const auto frozen = base::run(io, freeze.inject(base::now() + 10s));
  ASSERT_TRUE(frozen) << frozen.error().message();
  ASSERT_TRUE(frozen->took_effect()) << frozen->observation;
  for (const auto& member : child->tree().members()) EXPECT_TRUE(is_frozen(member.identity.pid));
  EXPECT_EQ(journal->unsettled().size(), 1U);
  EXPECT_TRUE(freeze.active());

  const auto healed = base::run(io, freeze.heal(base::now() + 10s));
  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_TRUE(healed->took_effect()) << healed->observation;
  for (const auto& member : child->tree().members()) EXPECT_FALSE(is_frozen(member.identity.pid));
  EXPECT_THAT(journal->unsettled(), IsEmpty());
  EXPECT_FALSE(freeze.active());
  EXPECT_TRUE(base::run(io, freeze.heal(base::now() + 10s))) << "healing twice does no harm";
}

TEST_F(InjectComponent, AFreezeOfOneProcessLeavesItsChildrenRunning) {
  const auto child = family();
  Freeze freeze(child->tree(), Scope::kProcess, "freeze-one", *journal);
  ASSERT_TRUE(base::run(io, freeze.inject(base::now() + 10s)));
  int frozen = 0;
  for (const auto& member : child->tree().members()) frozen += is_frozen(member.identity.pid) ? 1 : 0;
  EXPECT_EQ(frozen, 1);
  EXPECT_TRUE(is_frozen(child->pid()));
}

// A process that waits in the kernel stops only later, when nobody looks any more.
TEST_F(InjectComponent, AStopThatHasNotComeYetIsTakenBack) {
  int released[2];
  ASSERT_EQ(pipe2(released, O_CLOEXEC), 0);
  const pid_t waiting = fork();
  ASSERT_GE(waiting, 0);
  if (waiting == 0) {
    // As after a vfork: until its child is gone, the parent takes no signal. (A sanitizer's vfork is a fork.)
    const auto until_released = [](void* pipe) {
      char byte = 0;
      return static_cast<int>(read(*static_cast<int*>(pipe), &byte, 1)) - 1;
    };
    alignas(16) static char stack[1 << 16];
    (void)clone(until_released, stack + sizeof stack, CLONE_VFORK | SIGCHLD, &released[0]);
    for (;;) pause();
  }
  ASSERT_TRUE(soon([&] { return process::thread_states(waiting) == std::vector<char>{'D'}; }));
  kill(waiting, SIGSTOP);
  UndoSystem system;
  const auto identity = process::read_status(waiting)->identity;
  const auto undone = system.thaw({.processes = {{identity.pid, identity.start_ticks}}});
  EXPECT_EQ(undone.state, UndoState::kUndone) << undone.reason;
  ASSERT_EQ(write(released[1], "x", 1), 1);
  EXPECT_TRUE(soon([&] { return process::thread_states(waiting) != std::vector<char>{'D'}; }));
  EXPECT_FALSE(soon([&] { return is_frozen(waiting); }, 50ms));
  kill(waiting, SIGKILL);
  waitpid(waiting, nullptr, 0);
  close(released[0]);
  close(released[1]);
}

TEST_F(InjectComponent, TheFreezeEndsWithItsOwner) {
  const auto child = family();
  {
    Freeze freeze(child->tree(), Scope::kTree, "freeze-victim", *journal);
    ASSERT_TRUE(base::run(io, freeze.inject(base::now() + 10s)));
  }
  for (const auto& member : child->tree().members()) EXPECT_FALSE(is_frozen(member.identity.pid));
  EXPECT_EQ(journal->entries().at(0).state, UndoState::kUndone);
}

TEST_F(InjectComponent, ATargetThatDiesWhileItIsFrozenVanishes) {
  auto child = shell("exec sleep 60");
  Freeze freeze(child->tree(), Scope::kTree, "freeze-victim", *journal);
  ASSERT_TRUE(base::run(io, freeze.inject(base::now() + 10s)));
  child.reset();
  const auto healed = base::run(io, freeze.heal(base::now() + 10s));
  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_TRUE(healed->vanished);
  EXPECT_EQ(journal->entries().at(0).state, UndoState::kVanished);
}

TEST_F(InjectComponent, FreezingTheDeadIsAnErrorAndJournalsNothing) {
  auto child = shell("exec sleep 60");
  Freeze freeze(child->tree(), Scope::kTree, "freeze-victim", *journal);
  child.reset();
  EXPECT_FALSE(base::run(io, freeze.inject(base::now() + 1s)));
  EXPECT_THAT(journal->entries(), IsEmpty());
}

// Squall dies by SIGKILL with a fault active that outlives it: the journal alone is enough to heal.
TEST_F(InjectComponent, TheJournalHealsAfterTheInjectorWasKilled) {
  const auto child = family();  // ours, so it outlives the injector
  const pid_t injector = fork();
  ASSERT_GE(injector, 0);
  if (injector == 0) {
    boost::asio::io_context own;
    auto its_journal = fault::Journal::open(folder / "crash.jsonl");
    Freeze freeze(child->tree(), Scope::kTree, "freeze-victim", *its_journal);
    (void)base::run(own, freeze.inject(base::now() + 10s));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(injector, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  for (const auto& member : child->tree().members()) ASSERT_TRUE(is_frozen(member.identity.pid));

  auto left = fault::Journal::open(folder / "crash.jsonl");
  ASSERT_TRUE(left) << left.error().message();
  UndoSystem system;
  const auto undone = fault::undo_all(*left, system);
  ASSERT_TRUE(undone);
  ASSERT_EQ(undone->size(), 1U);
  EXPECT_EQ(undone->at(0).state, UndoState::kUndone) << undone->at(0).reason;
  for (const auto& member : child->tree().members()) EXPECT_FALSE(is_frozen(member.identity.pid));
}

TEST_F(InjectComponent, AServerThatDiedWithSquallHasVanished) {
  UndoSystem system;
  EXPECT_EQ(system.restart_server({.server = "nats-1"}).state, UndoState::kVanished);
}

}  // namespace
}  // namespace squall::inject
