#include "workload/dialer.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/invariant.h"

namespace squall::workload {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kConnectTimeout = std::chrono::milliseconds(500);

}  // namespace

Dialer::Dialer(asio::io_context& io, client::Access access) : io_(io), access_(std::move(access)) {
  SQUALL_CHECK(!access_.servers.empty());
}

asio::awaitable<base::Result<std::shared_ptr<client::Connection>>> Dialer::dial(std::string name) {
  client::ConnectOptions options = access_.dial(next_++);
  options.name = std::move(name);
  auto connection =
      co_await client::Connection::connect(io_, std::move(options), base::now() + kConnectTimeout);
  last_error_ = connection ? std::string() : connection.error().message();
  co_return connection;
}

asio::awaitable<void> sleep_until(base::Instant instant) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(instant);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace squall::workload
