// What stands behind a Connection: its socket, what is being written, what waits for answers. Private to
// client/. The handshake is in connect_session.cpp, everything after it in session.cpp.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/connection.h"
#include "client/operation_table.h"
#include "client/transport.h"
#include "client/waiter.h"
#include "wire/frame_parser.h"

namespace squall::client {

// Held by the Connection and by each operation on the socket that is under way.
struct Connection::Session : std::enable_shared_from_this<Connection::Session> {
  Session(boost::asio::io_context& io, ConnectOptions connect_options);

  // The handshake: leaves an open session, or an error and a closed socket.
  boost::asio::awaitable<base::Result<void>> connect(base::Instant deadline);
  // From here on bytes are read, and deadlines watched.
  void start();
  void close(CloseReason::Kind kind, std::string text);

  Outcome<void> publish(std::string_view subject, std::string_view reply,
                        std::span<const wire::Header> headers, std::string_view payload);
  void begin(std::string_view subject, std::string_view payload, std::span<const wire::Header> headers,
             base::Instant deadline, OperationCallback callback);
  Outcome<std::uint64_t> subscribe(std::string_view subject, std::string_view queue,
                                   MessageCallback callback);
  void unsubscribe(std::uint64_t sid);
  boost::asio::awaitable<Outcome<base::Nanos>> ping(base::Instant deadline);

  std::size_t pending_bytes() const { return output.size() + in_flight.size(); }

  boost::asio::io_context& io_context;
  ConnectOptions options;
  Transport transport;
  boost::asio::steady_timer sweep;  // one timer for all deadlines of operations
  bool open = false;
  CloseReason reason;
  wire::ServerInfo server;
  ConnectionCounters counters;
  OperationTable operations;
  std::string inbox_prefix;                           // "_INBOX.<random>."
  static constexpr std::uint64_t kOperationsSid = 1;  // the subscription to their inbox
  std::uint64_t next_sid = kOperationsSid + 1;
  std::uint64_t next_inbox = 1;
  std::vector<CloseCallback> close_callbacks;
  ErrorCallback error_callback;
  std::move_only_function<void()> written_callback;
  std::vector<std::shared_ptr<Waiter<bool>>> close_waiters;

 private:
  boost::asio::awaitable<base::Result<void>> open_socket();
  boost::asio::awaitable<base::Result<void>> shake_hands();
  boost::asio::awaitable<base::Result<void>> take_info();
  boost::asio::awaitable<base::Result<void>> encrypt();
  base::Error server_said(const wire::Err& error) const;
  boost::asio::awaitable<base::Result<wire::Frame>> read_frame();
  boost::asio::awaitable<base::Result<void>> await_pong();
  boost::asio::awaitable<base::Result<void>> send_all(std::string bytes);
  base::Result<std::string> opening_frames() const;

  void read_more();
  void take_frames();
  void on_frame(const wire::Frame& frame);
  void on_message(const wire::Msg& message);
  void on_pong();
  void on_server_error(const wire::Err& error);

  void schedule_flush();
  void flush();
  void watch_deadlines();
  void report_closure();
  std::optional<OperationError> refusal(std::string_view subject, std::size_t payload_size) const;

  wire::FrameBuffer input;
  bool connecting = true;  // the handshake goes on, and its deadline counts
  bool timed_out = false;
  std::string output;             // written by the caller, not yet handed over
  std::string in_flight;          // being written
  std::uint64_t handed_over = 0;  // bytes ever given to the socket
  bool flush_scheduled = false;
  bool writing = false;
  base::Instant sweep_at = base::Instant::max();
  std::string operation_reply;  // the inbox prefix and room for a token
  std::map<std::uint64_t, std::shared_ptr<MessageCallback>> subscriptions;
  std::deque<std::shared_ptr<Waiter<Outcome<base::Instant>>>> pong_waiters;
};

}  // namespace squall::client
