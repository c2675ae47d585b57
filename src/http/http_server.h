// A small HTTP/1.1 server for the tool's own pages and control: keep-alive, limits on everything that a peer
// can make long or slow, server-sent events, and a stop that lets running requests end. No TLS, no files.
//
// Who may ask what is not decided here: see http/admission.h.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace boost::asio {
class io_context;
}

namespace squall::http {

struct ServerLimits {
  std::uint32_t header_bytes = 16 * 1024;             // more is answered with 431
  std::size_t body_bytes = 1024 * 1024;               // more is answered with 413
  std::size_t connections = 1000;                     // more are answered with 503 and closed
  base::Nanos idle = std::chrono::seconds(60);        // between requests
  base::Nanos request = std::chrono::seconds(15);     // from a request's first byte to its last
  base::Nanos response = std::chrono::seconds(30);    // to take a response, or one batch of events
  base::Nanos keep_alive = std::chrono::seconds(15);  // a comment line in a silent event stream
};

struct ServerSettings {
  boost::asio::ip::tcp::endpoint listen{boost::asio::ip::address_v4::loopback(), 0};
  ServerLimits limits;
  // Told what its owner should know: no descriptors left, a handler that threw. May be empty.
  std::function<void(const std::string&)> on_problem;
};

// Thread: the io_context's.
// Lifetime: the destructor closes every connection at once; stop() first to be polite.
class Server {
 public:
  // Answers one request. What it throws is answered with 500.
  using Handler = std::function<boost::asio::awaitable<Reply>(Request)>;

  // Errors: the address is in use or not ours; the text names it.
  static base::Result<Server> listen(boost::asio::io_context& io, ServerSettings settings, Handler handler);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  boost::asio::ip::tcp::endpoint endpoint() const;
  std::size_t connections() const;

  // Accepts no more, closes what is idle, ends event streams, lets running requests end until `deadline` and
  // then closes them, too. Errors: what had to be cut off.
  boost::asio::awaitable<base::Result<void>> stop(base::Instant deadline);

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;  // shared with the connections' coroutines, which may end after it
};

}  // namespace squall::http
