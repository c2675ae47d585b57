#include "router/nats/event_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace router::nats {
namespace {

using namespace std::chrono_literals;

TEST(EventLoops, RunWhatOtherThreadsPostInItsOrderOnOneThread) {
  EventLoop loop;
  std::string order;
  std::thread::id ran_on;
  std::jthread other([&] {
    for (const char letter : {'a', 'b', 'c'}) {
      loop.post([&, letter] {
        order += letter;
        ran_on = std::this_thread::get_id();
      });
    }
    loop.post([&] { loop.quit(); });
  });
  loop.run();
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(EventLoops, ATaskMayPostAnotherOne) {
  EventLoop loop;
  bool ran = false;
  loop.post([&] {
    loop.post([&] {
      ran = true;
      loop.quit();
    });
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(EventLoops, TimersRunInTheOrderOfTheirTimes) {
  EventLoop loop;
  std::string order;
  loop.after(2ms, [&] {
    order += 'c';
    loop.quit();
  });
  loop.after(0ms, [&] { order += 'a'; });
  loop.after(1ms, [&] { order += 'b'; });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(EventLoops, RepeatedTimersGoOn) {
  EventLoop loop;
  int times = 0;
  loop.every(0ms, [&] {
    if (++times == 3) loop.quit();
  });
  loop.run();
  EXPECT_EQ(times, 3);
}

TEST(EventLoops, NothingRunsAfterQuit) {
  EventLoop loop;
  bool ran = false;
  loop.post([&] { loop.quit(); });
  loop.post([&] { ran = true; });
  loop.run();
  EXPECT_FALSE(ran);
}

// libnats delivers from threads of its own, which end when they like.
TEST(EventLoops, AnInletOutlivesItsLoopAndDropsWhatComesThen) {
  std::shared_ptr<Inlet> inlet;
  const auto witness = std::make_shared<int>(7);
  {
    EventLoop loop;
    inlet = loop.inlet();
    inlet->post([witness] {});
  }
  EXPECT_EQ(witness.use_count(), 1) << "dropped with the loop";
  inlet->post([witness] {});
  EXPECT_EQ(witness.use_count(), 1) << "dropped at once";
}

}  // namespace
}  // namespace router::nats
