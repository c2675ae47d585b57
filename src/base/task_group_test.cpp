#include "base/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "base/asio_run.h"

namespace squall::base {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Waits for ever, until it is cancelled.
asio::awaitable<void> hang(bool* ended) {
  struct AtEnd {
    bool* flag;
    ~AtEnd() { *flag = true; }
  } at_end{ended};
  asio::steady_timer never(co_await asio::this_coro::executor, Instant::max());
  co_await never.async_wait(asio::use_awaitable);
}

asio::awaitable<void> count(int* counter) {
  co_await asio::post(asio::use_awaitable);
  ++*counter;
}

asio::awaitable<void> throw_something() {
  co_await asio::post(asio::use_awaitable);
  throw std::runtime_error("the disk is on fire");
}

asio::awaitable<int> seven() {
  co_await asio::post(asio::use_awaitable);
  co_return 7;
}

TEST(TaskGroup, JoinWaitsForEveryTask) {
  asio::io_context io;
  TaskGroup group(io.get_executor());
  int counter = 0;
  for (int i = 0; i < 5; ++i) group.spawn("count", count(&counter));
  EXPECT_EQ(group.running(), 5U);
  EXPECT_TRUE(run(io, group.join(now() + 10s)));
  EXPECT_EQ(counter, 5);
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, JoinNamesTheTaskThatHangsAndCanBeCalledAgain) {
  asio::io_context io;
  bool ended = false;
  TaskGroup group(io.get_executor());
  group.spawn("reader of ORDERS", hang(&ended));
  const auto late = run(io, group.join(now() + 1ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message(), "1 of the tasks did not end in time: reader of ORDERS");
  EXPECT_FALSE(ended);
  group.cancel();
  EXPECT_TRUE(run(io, group.join(now() + 10s)));
  EXPECT_TRUE(ended);
}

TEST(TaskGroup, AFailedTaskIsReportedAndTheOthersEndAsTheyWould) {
  asio::io_context io;
  TaskGroup group(io.get_executor());
  int counter = 0;
  group.spawn("burner", throw_something());
  group.spawn("count", count(&counter));
  const auto joined = run(io, group.join(now() + 10s));
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().message(), "task burner failed: the disk is on fire");
  EXPECT_EQ(counter, 1);
  EXPECT_TRUE(run(io, group.join(now() + 10s))) << "a failure is reported once";
}

TEST(TaskGroup, ATaskSpawnedAfterCancelIsCancelled) {
  asio::io_context io;
  bool ended = false;
  TaskGroup group(io.get_executor());
  group.cancel();
  group.spawn("late", hang(&ended));
  EXPECT_TRUE(run(io, group.join(now() + 10s)));
  EXPECT_TRUE(ended);
  EXPECT_EQ(group.running(), 0U);
}

// As a shutdown does that comes in the turn of a start.
TEST(TaskGroup, ATaskCancelledBeforeItsFirstStepEndsAtItsFirstWait) {
  asio::io_context io;
  bool ended = false;
  int counter = 0;
  TaskGroup group(io.get_executor());
  group.spawn("new", hang(&ended));
  group.spawn("busy", count(&counter));
  group.cancel();
  EXPECT_TRUE(run(io, group.join(now() + 10s)));
  EXPECT_TRUE(ended);
}

TEST(TaskGroup, ItsTasksMayEndAfterIt) {
  asio::io_context io;
  bool ended = false;
  {
    TaskGroup group(io.get_executor());
    group.spawn("orphan", hang(&ended));
    io.poll();  // it waits now
    EXPECT_FALSE(ended);
  }
  io.restart();
  io.run();
  EXPECT_TRUE(ended);
}

TEST(AsioRun, ReturnsTheTasksValueAndLeavesTheContextUsable) {
  asio::io_context io;
  EXPECT_EQ(run(io, seven()), 7);
  EXPECT_EQ(run(io, seven()), 7);
}

TEST(AsioRun, RethrowsWhatTheTaskThrew) {
  asio::io_context io;
  EXPECT_THROW(run(io, throw_something()), std::runtime_error);
}

TEST(ControlThread, RunsTasksAndCallsOnItsOwnThread) {
  ControlThread control;
  EXPECT_EQ(control.run(seven()), 7);
  EXPECT_NE(control.call([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
}

TEST(ControlThread, EndsWhileATaskStillWaits) {
  bool ended = false;
  {
    ControlThread control;
    auto group = control.call([&] { return std::make_unique<TaskGroup>(control.io().get_executor()); });
    control.call([&] { group->spawn("waits", hang(&ended)); });
    control.call([&] { group.reset(); });
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace squall::base
