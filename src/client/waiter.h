// One value for one waiting coroutine. The coroutine waits on a timer, so its io_context owns it all the
// time: destroying the io_context destroys it, and its cancellation works as everywhere in Asio.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace squall::client {

// Thread: the executor's. Held by shared_ptr from both sides; whoever sets a value does not care whether
// somebody still waits.
template <typename T>
class Waiter {
 public:
  explicit Waiter(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // The first value stays.
  void set(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    timer_.cancel();
  }
  bool is_set() const { return value_.has_value(); }

  // The value; nothing when the deadline passes first. Throws operation_aborted when the coroutine is
  // cancelled. One wait at a time.
  boost::asio::awaitable<std::optional<T>> wait(base::Instant deadline) {
    while (!value_ && base::now() < deadline) {
      timer_.expires_at(deadline);
      boost::system::error_code ignored;  // whether cancelled by set() or from outside shows at the next turn
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return std::exchange(value_, std::nullopt);
  }

 private:
  boost::asio::steady_timer timer_;
  std::optional<T> value_;
};

}  // namespace squall::client
