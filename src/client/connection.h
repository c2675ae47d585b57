// The tool's own NATS client: one connection, explicit outcomes. It never reconnects, retries, pings or
// buffers behind the caller's back, and takes every deadline from the caller: when the connection is lost it
// says so, and the caller makes a new one. JetStream's requests are in jetstream.h, reading a stream in
// stream_reader.h, the options out of a context file of the nats CLI in context.h.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/credentials.h"
#include "client/outcome.h"
#include "client/tls_options.h"
#include "wire/headers.h"
#include "wire/server_info.h"

namespace boost::asio {
class io_context;
}

namespace squall::client {

struct ConnectOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 4222;
  std::string name = "squall";  // shown by the server (connz)
  Credentials credentials;
  TlsOptions tls;
  std::string inbox_prefix = "_INBOX";  // where answers come to; permissions may demand another
  // What JetStream's requests begin with; "$JS.<domain>.API" asks the servers of a domain.
  std::string js_api_prefix = "$JS.API";
  // Publishes beyond this many unwritten bytes fail with kBufferFull instead of being buffered.
  std::size_t max_pending_bytes = 64 * 1024 * 1024;
  // Fails what is larger than the server's max_payload here. Off: it is sent, and the server closes.
  bool check_max_payload = true;
};

// A message in a callback. Lifetime: the views end when the callback returns.
struct MessageView {
  std::string_view subject;
  std::string_view reply;    // empty: none
  std::string_view headers;  // the whole block, see wire/headers.h; empty: none
  std::string_view payload;

  int status() const { return wire::header_status(headers); }
};

// The same, owned.
struct Message {
  std::string subject;
  std::string reply;
  std::string headers;
  std::string payload;

  int status() const { return wire::header_status(headers); }
};

struct CloseReason {
  enum class Kind {
    kOwner,          // close() or the destructor
    kPeerClosed,     // the server ended the stream
    kNetwork,        // a socket error
    kServerError,    // a fatal -ERR; `text` is the server's
    kProtocolError,  // the server sent what is no NATS
  };
  Kind kind = Kind::kOwner;
  std::string text;  // for people
  base::Instant at{};
};

struct ConnectionCounters {
  std::uint64_t messages_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;     // handed to the kernel
  std::uint64_t late_replies = 0;  // answers to what had already timed out
};

// Keeps a subscription alive; its destructor unsubscribes. Outlives its connection harmlessly.
class Subscription;

// Thread: the io_context's, for every member. No callback runs inside a call to this class, except message
// callbacks, which run while bytes are read; they may call anything here, close() included.
// Lifetime: the last owner's release closes it, as close() does.
class Connection {
 public:
  using MessageCallback = std::move_only_function<void(const MessageView&)>;
  using PublishCompletion = std::move_only_function<void(PublishOutcome)>;
  using RequestCompletion = std::move_only_function<void(Outcome<MessageView>)>;
  using CloseCallback = std::move_only_function<void(const CloseReason&)>;
  using ErrorCallback = std::move_only_function<void(std::string_view)>;

  // TCP, TLS, INFO, CONNECT, PING, PONG. Errors: refused, resolved to nothing, the peer is ourselves, no INFO
  // or no PONG before the deadline, TLS files and handshake, the server's -ERR; each names host and port, and
  // none shows a secret.
  static boost::asio::awaitable<base::Result<std::shared_ptr<Connection>>> connect(
      boost::asio::io_context& io, ConnectOptions options, base::Instant deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool is_open() const;
  // The latest INFO.
  const wire::ServerInfo& server() const;
  const ConnectOptions& options() const;
  bool encrypted() const;
  boost::asio::any_io_executor executor() const;

  // Ends the connection now; what was not written is dropped, and every open operation gets its outcome.
  void close();
  // Only when !is_open().
  const CloseReason& closed_reason() const;
  // Ends when the connection is closed (true), or at the deadline (false).
  boost::asio::awaitable<bool> wait_closed(base::Instant deadline);
  // Each callback is called once, soon after the connection closed (at the next turn if it is closed
  // already), unless the Connection has been destroyed by then.
  void on_closed(CloseCallback callback);
  // Non-fatal -ERR (a permission). One callback at a time.
  void on_server_error(ErrorCallback callback);

  // A round trip: everything written before has been processed by the server.
  boost::asio::awaitable<Outcome<base::Nanos>> ping(base::Instant deadline);

  // Core publish: ok means handed to the connection, no more. The bytes are copied.
  Outcome<void> publish(std::string_view subject, std::string_view payload,
                        std::span<const wire::Header> headers = {}, std::string_view reply = {});

  // Messages come to `callback` until the subscription is destroyed. Errors: not open.
  Outcome<Subscription> subscribe(std::string_view subject, MessageCallback callback,
                                  std::string_view queue = {});
  // A subject of our own that nobody else uses: "_INBOX.<random>.sub.<n>".
  std::string new_inbox();

  // One answer through the connection's own inbox. A 503 is kNoResponders; other statuses are answers.
  boost::asio::awaitable<Outcome<Message>> request(std::string subject, std::string payload,
                                                   base::Instant deadline);
  // The same with a callback, as publish_js() calls its own. The answer's views end when it returns.
  void request(std::string_view subject, std::string_view payload, std::span<const wire::Header> headers,
               base::Instant deadline, RequestCompletion completion);

  // JetStream publish. `completion` is called exactly once, never inside this call: at the answer, soon after
  // the deadline (within a few ms), or when the connection is lost. Returns nothing: every way to fail is an
  // outcome. The bytes are copied.
  void publish_js(std::string_view subject, std::string_view payload, std::span<const wire::Header> headers,
                  base::Instant deadline, PublishCompletion completion);
  // The same, waiting for the outcome.
  boost::asio::awaitable<PublishOutcome> publish_js(std::string subject, std::string payload,
                                                    std::vector<std::pair<std::string, std::string>> headers,
                                                    base::Instant deadline);

  // Publishes and requests without an outcome yet.
  std::size_t operations_in_flight() const;
  // Bytes that wait for the kernel.
  std::size_t pending_bytes() const;
  // Called once, when it has taken the next of them; not if the connection closes first. One callback at a
  // time.
  void on_written(std::move_only_function<void()> callback);
  const ConnectionCounters& counters() const;

 private:
  friend class Subscription;
  struct Session;
  explicit Connection(std::shared_ptr<Session> session);
  std::shared_ptr<Session> session_;
};

class Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&& other) noexcept;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

  explicit operator bool() const { return sid_ != 0; }
  // Unsubscribes; nothing more comes to the callback, not even what has already arrived.
  void reset();

 private:
  friend class Connection;
  Subscription(std::weak_ptr<Connection::Session> session, std::uint64_t sid)
      : session_(std::move(session)), sid_(sid) {}
  std::weak_ptr<Connection::Session> session_;
  std::uint64_t sid_ = 0;
};

}  // namespace squall::client
