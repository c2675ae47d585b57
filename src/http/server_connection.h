// One client's connection to http::Server: requests are read, answered and read on, until one side ends it.
// Internal to http/: it is one of the files that see Beast.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>

#include "base/task_group.h"
#include "http/http_server.h"

namespace squall::http {

// What a connection needs of its server.
struct ConnectionDesk {
  ServerLimits limits;
  Server::Handler handler;
  std::function<void(const std::string&)> on_problem;
  bool stopping = false;
};

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  // `desk` outlives the connection.
  ServerConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<const ConnectionDesk> desk);

  // Until the peer leaves, breaks the rules or is too slow, or the server stops.
  boost::asio::awaitable<void> serve();
  // Answers 503 and closes: the server has too many connections.
  boost::asio::awaitable<void> turn_away();
  // Ends it now if it only waits for a request or for events; else after the running answer.
  void stop();
  void close();

 private:
  enum class Next { kReadOn, kClose };

  boost::asio::awaitable<bool> first_byte();
  boost::asio::awaitable<Next> one_request();
  boost::asio::awaitable<Reply> answer(Request request);
  // False when the peer did not take it.
  boost::asio::awaitable<bool> write(const Response& response, bool keep_open, bool head_only);
  boost::asio::awaitable<void> stream_events(const Response& head, std::shared_ptr<EventFeed> feed);
  // Says what is wrong, and reads on for a moment, so that the answer is not lost in a reset.
  boost::asio::awaitable<void> refuse(int status, std::string_view text);

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<const ConnectionDesk> desk_;
  std::shared_ptr<EventFeed> events_;  // while it streams
  bool idle_ = false;
};

}  // namespace squall::http
