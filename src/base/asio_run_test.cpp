#include "base/asio_run.h"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <stdexcept>

#include "base/clock.h"

namespace squall::base {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

awaitable<int> answer_after(Nanos wait, int answer) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, wait);
  co_await timer.async_wait(boost::asio::use_awaitable);
  co_return answer;
}

TEST(AsioRun, ReturnsWhatTheTaskReturns) {
  boost::asio::io_context io;
  EXPECT_EQ(run(io, answer_after(0ms, 7)), 7);
}

// A signal's handler throws out of the wait that is going on. The task that was waited for lived on and wrote
// its result into the stack of the call that was gone.
TEST(AsioRun, ATaskThatOutlivesItsCallHarmsNobody) {
  boost::asio::io_context io;
  boost::asio::post(io, [] { throw std::runtime_error("signal"); });
  EXPECT_THROW(run(io, answer_after(1ms, 1)), std::runtime_error);
  EXPECT_EQ(run(io, answer_after(20ms, 2)), 2);
}

}  // namespace
}  // namespace squall::base
