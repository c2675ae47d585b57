#include "router/board/board.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace router::board {
namespace {

using namespace std::chrono_literals;
using squall::base::UniqueFd;

Board make(int decide_roles = 2) {
  auto board = Board::create(decide_roles);
  EXPECT_TRUE(board) << board.error().message();
  return std::move(*board);
}

TEST(Board, HasAPlaceForEveryProcess) {
  const Board board = make(3);
  std::vector<std::string> names;
  for (const Slot& slot : board.slots()) names.push_back(slot.name());
  EXPECT_THAT(names, testing::ElementsAre("guardian", "supervisor", "decide-0", "decide-1", "decide-2",
                                          "result", "admin"));
  EXPECT_EQ(board.slot(Role::decide, 2).index(), 2);
}

TEST(Board, RefusesAnImpossibleNumberOfRoles) {
  EXPECT_FALSE(Board::create(0));
  EXPECT_FALSE(Board::create(kMaxDecideRoles + 1));
}

TEST(Board, WhatAnotherProcessCountedSurvivesItsDeath) {
  Board board = make();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto attached = Board::attach(UniqueFd(dup(board.fd())));
    if (!attached) _exit(1);
    attached->slot(Role::decide, 1).count(Counter::jetstream_ack, 7);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(board.slot(Role::decide, 1).counter(Counter::jetstream_ack), 7U);
  EXPECT_EQ(board.slot(Role::decide, 0).counter(Counter::jetstream_ack), 0U);
}

TEST(Board, DoesNotTakeAnyOtherFileForOne) {
  EXPECT_FALSE(Board::attach(UniqueFd(memfd_create("empty", MFD_CLOEXEC))));
  UniqueFd zeroes(memfd_create("zeroes", MFD_CLOEXEC));
  const Board board = make();
  ASSERT_EQ(ftruncate(zeroes.get(), lseek(board.fd(), 0, SEEK_END)), 0);
  EXPECT_FALSE(Board::attach(std::move(zeroes)));
}

TEST(Board, BurialKeepsCountersAndForgetsTheRest) {
  Board board = make();
  Slot& slot = board.slot(Role::decide);
  slot.prepare(Instant{10s});
  slot.set_pid(4711);
  slot.set_state(State::running);
  slot.set_nats_status(NatsStatus::connected);
  slot.set_consuming(true);
  slot.set_in_flight(3);
  slot.count(Counter::dlq);
  slot.set_breaker("acme", "fast", Breaker::open);
  slot.buried();
  EXPECT_EQ(slot.pid(), 0);
  EXPECT_EQ(slot.state(), State::dead);
  EXPECT_EQ(slot.nats_status(), NatsStatus::disconnected);
  EXPECT_FALSE(slot.consuming());
  EXPECT_EQ(board.in_flight(), 0);
  EXPECT_TRUE(slot.breakers().empty());
  EXPECT_EQ(slot.counter(Counter::dlq), 1U);
}

TEST(Board, P95IsThatOfAllDecideRolesTogether) {
  Board board = make();
  EXPECT_EQ(board.decide_latency_p95(Instant{100s}), std::nullopt);
  for (int i = 0; i < 50; ++i) board.slot(Role::decide, 0).record_latency(1ms, Instant{100s});
  for (int i = 0; i < 50; ++i) board.slot(Role::decide, 1).record_latency(8s, Instant{100s});
  EXPECT_GT(board.decide_latency_p95(Instant{100s}), 5s);
}

TEST(Breakers, AreShownByTenantAndProviderAndUpdatedInPlace) {
  Board board = make();
  Slot& slot = board.slot(Role::decide);
  EXPECT_TRUE(slot.set_breaker("acme", "fast", Breaker::open));
  EXPECT_TRUE(slot.set_breaker("acme", "cheap", Breaker::closed));
  EXPECT_TRUE(slot.set_breaker("acme", "fast", Breaker::half_open));
  const auto breakers = slot.breakers();
  ASSERT_EQ(breakers.size(), 2U);
  EXPECT_EQ(breakers[0].tenant, "acme");
  EXPECT_EQ(breakers[0].provider, "fast");
  EXPECT_EQ(breakers[0].state, Breaker::half_open);
}

TEST(Breakers, AFullTableReusesClosedOnesOnly) {
  Board board = make();
  Slot& slot = board.slot(Role::decide);
  for (std::size_t i = 0; i < Slot::kBreakers; ++i) {
    EXPECT_TRUE(slot.set_breaker("t" + std::to_string(i), "p", Breaker::open));
  }
  EXPECT_FALSE(slot.set_breaker("late", "p", Breaker::open));
  EXPECT_TRUE(slot.set_breaker("t3", "p", Breaker::closed));
  EXPECT_TRUE(slot.set_breaker("late", "p", Breaker::open));
  EXPECT_EQ(slot.breakers().size(), Slot::kBreakers);
}

TEST(SharedText, IsNeverReadTorn) {
  SharedText<96> text;
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 0; i < 20'000; ++i)
      text.write(std::string(static_cast<std::size_t>(i % 90), i % 2 == 0 ? 'a' : 'b'));
    done = true;
  });
  while (!done) {
    const std::string seen = text.read();
    EXPECT_EQ(seen, std::string(seen.size(), seen.empty() ? 'a' : seen[0]));
  }
}

TEST(SharedText, IsCutAtItsCapacity) {
  SharedText<8> text;
  text.write("123456789");
  EXPECT_EQ(text.read(), "12345678");
}

}  // namespace
}  // namespace router::board
