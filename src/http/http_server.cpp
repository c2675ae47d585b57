#include "http/http_server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_set>

#include "base/task_group.h"
#include "http/server_connection.h"

namespace squall::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAcceptAgain = std::chrono::milliseconds(50);

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                     endpoint.port());
}

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, ServerSettings settings, Handler handler)
      : acceptor(io), again(io), tasks(io.get_executor()) {
    desk->limits = settings.limits;
    desk->handler = std::move(handler);
    desk->on_problem = std::move(settings.on_problem);
  }

  std::shared_ptr<ConnectionDesk> desk = std::make_shared<ConnectionDesk>();
  tcp::acceptor acceptor;
  asio::steady_timer again;
  std::unordered_set<ServerConnection*> open;  // of running tasks
  base::TaskGroup tasks;

  void problem(const std::string& text) const {
    if (desk->on_problem) desk->on_problem(text);
  }

  // Of a connection's whole life; it is in `open` meanwhile.
  static asio::awaitable<void> attend(std::shared_ptr<State> self,
                                      std::shared_ptr<ServerConnection> connection) {
    const bool too_many = self->open.size() >= self->desk->limits.connections;
    self->open.insert(connection.get());
    struct Leave {
      State* state;
      ServerConnection* connection;
      ~Leave() { state->open.erase(connection); }
    } leave{self.get(), connection.get()};
    if (too_many) {
      co_await connection->turn_away();
    } else {
      co_await connection->serve();
    }
  }

  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    bool starved = false;
    while (!self->desk->stopping) {
      boost::system::error_code error;
      tcp::socket socket =
          co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (self->desk->stopping) break;
      if (!error) {
        starved = false;
        auto connection = std::make_shared<ServerConnection>(std::move(socket), self->desk);
        self->tasks.spawn("http connection", attend(self, std::move(connection)));
        continue;
      }
      // A client that is gone again is no news; without descriptors, ask again a little later.
      if (error == asio::error::connection_aborted) continue;
      if (!starved) self->problem(fmt::format("cannot accept API connections: {}", error.message()));
      starved = true;
      self->again.expires_after(kAcceptAgain);
      co_await self->again.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  void stop_accepting() {
    desk->stopping = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    again.cancel();
  }

  void close_all() {
    // A connection's end takes it out of `open`, but never from inside close().
    for (ServerConnection* connection : open) connection->close();
  }
};

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

Server::~Server() {
  if (!state_) return;
  state_->stop_accepting();
  state_->close_all();
}

base::Result<Server> Server::listen(asio::io_context& io, ServerSettings settings, Handler handler) {
  const tcp::endpoint wanted = settings.listen;
  auto state = std::make_shared<State>(io, std::move(settings), std::move(handler));
  boost::system::error_code error;
  tcp::acceptor& acceptor = state->acceptor;
  acceptor.open(wanted.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(wanted, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return base::fail("cannot listen on {}: {}", text_of(wanted), error.message());
  state->tasks.spawn("http accept", State::accept(state));
  return Server(std::move(state));
}

tcp::endpoint Server::endpoint() const {
  boost::system::error_code gone;
  return state_->acceptor.local_endpoint(gone);
}

std::size_t Server::connections() const { return state_->open.size(); }

asio::awaitable<base::Result<void>> Server::stop(base::Instant deadline) {
  const auto state = state_;
  state->stop_accepting();
  for (ServerConnection* connection : state->open) connection->stop();
  const auto ended = co_await state->tasks.join(deadline);
  if (ended) co_return ended;
  state->close_all();
  state->tasks.cancel();
  const auto closed = co_await state->tasks.join(base::now() + std::chrono::seconds(1));
  co_return std::unexpected(ended.error());
}

}  // namespace squall::http
