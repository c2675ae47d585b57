// A TCP server that does to each connection what a test says, on the test's own io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>

#include "base/task_group.h"

namespace squall::testing {

class ScriptedServer {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // One connection's life; the socket closes when it returns.
  using Script = std::function<boost::asio::awaitable<void>(Socket)>;

  ScriptedServer(boost::asio::io_context& io, Script script)
      : script_(std::move(script)),
        acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}),
        tasks_(io.get_executor()) {
    tasks_.spawn("scripted server", serve());
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  boost::asio::awaitable<void> serve() {
    while (true) {
      Socket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      tasks_.spawn("scripted connection", script_(std::move(socket)));
    }
  }

  Script script_;
  boost::asio::ip::tcp::acceptor acceptor_;
  base::TaskGroup tasks_;
};

// Says `bytes`, and then nothing until the peer goes away.
inline boost::asio::awaitable<void> say_and_listen(ScriptedServer::Socket socket, std::string bytes) {
  boost::system::error_code ignored;
  co_await boost::asio::async_write(socket, boost::asio::buffer(bytes),
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  char heard[4096];
  while (!ignored) {
    co_await socket.async_read_some(boost::asio::buffer(heard),
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

}  // namespace squall::testing
