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

Dialer::Dialer(asio::io_context& io, std::vector<Endpoint> servers) : io_(io), servers_(std::move(servers)) {
  SQUALL_CHECK(!servers_.empty());
}

asio::awaitable<base::Result<std::shared_ptr<client::Connection>>> Dialer::dial(std::string name) {
  const Endpoint& server = servers_[next_++ % servers_.size()];
  client::ConnectOptions options{.host = server.host, .port = server.port, .name = std::move(name)};
  auto connection =
      co_await client::Connection::connect(io_, std::move(options), base::now() + kConnectTimeout);
  co_return connection;
}

asio::awaitable<void> sleep_until(base::Instant instant) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(instant);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace squall::workload
