// A connection to NATS that is always wanted: it waits without NATS, for ever, and replaces whatever was
// lost.
//
// Each libnats connection is used once: reconnecting inside libnats is switched off. Its reconnect loop spins
// when a PONG is missing, gives up after some -ERR, and sends buffered publishes after their caller was told
// that they failed. Here a publish without a connection fails at once, and every loss takes the same path.
// What depends on a connection (subscriptions, pulls) is made anew in on_connected.
//
// It knows nothing of JetStream. Start reading at connect_until_stopped() in the source.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "router/nats/event_loop.h"
#include "router/nats/nats_message.h"

namespace router::nats {

struct SessionOptions {
  std::vector<std::string> urls{"nats://127.0.0.1:4222"};
  std::string name;  // as the server lists this client
  base::Nanos reconnect_wait = std::chrono::milliseconds(10);
  base::Nanos reconnect_jitter = std::chrono::milliseconds(1);
  base::Nanos connect_timeout = std::chrono::seconds(2);
  base::Nanos ping_interval = std::chrono::seconds(1);
  int max_pings_out = 2;
  bool ignore_discovered_servers = true;
  // Only for planted defects: after so many failed attempts in a row nothing is tried any more. 0: never.
  int give_up_after = 0;
};

enum class ConnectionState { waiting, connected, reconnecting, given_up };

struct SessionReport {
  ConnectionState state = ConnectionState::waiting;
  std::string server;          // connected: the URL
  std::string reason;          // lost: why
  base::Nanos outage{};        // connected again: time since the loss
  std::uint64_t attempts = 0;  // connected: how many this took
};

// What happened to one publish on the way to the socket. A message that was sent may still be lost.
enum class Sent { ok, disconnected, too_large, bad_subject };

class Link;
class SubscriptionState;

// A subscription on one connection; it ends with the connection, or when the last copy goes.
using Subscription = std::shared_ptr<SubscriptionState>;

// Thread: all methods belong to the loop's, but for what says otherwise. Callbacks run there, too.
class Session {
 public:
  using OnMessage = std::function<void(Message)>;

  Session(EventLoop& loop, SessionOptions options);
  // Closes. Takes up to a second when the server does not answer.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Register before start(). Called in the order of registration for each new connection / each loss.
  void on_connected(std::function<void()> callback) { on_connected_.push_back(std::move(callback)); }
  void on_lost(std::function<void()> callback) { on_lost_.push_back(std::move(callback)); }
  void on_report(std::function<void(const SessionReport&)> callback) { on_report_ = std::move(callback); }

  void start();

  bool connected() const { return link_ != nullptr; }

  // Writes the message to the socket before it returns.
  Sent publish(std::string_view subject, std::string_view payload, std::string_view reply = {},
               const Headers& headers = {});
  // Nothing if there is no connection. `queue`: share the messages with others of that group.
  Subscription subscribe(const std::string& subject, OnMessage on_message, const std::string& queue = {});
  // No new messages; what has been delivered is still handed out, and then `done` is called.
  void drain(const Subscription& subscription, Task done);
  // Waits until the server has processed everything sent so far; false if it did not say so in time.
  bool flush(base::Nanos timeout);

  // Attempts to connect since the start. Thread: any.
  std::uint64_t attempts() const { return attempts_.load(std::memory_order_relaxed); }
  // Whether a call that connects or closes is under way, and a number that grows with each of them: while it
  // stands still, libnats hangs. Thread: any.
  bool in_library() const { return in_library_.load(std::memory_order_relaxed); }
  std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

 private:
  void connect_until_stopped(const std::stop_token& stop);
  std::shared_ptr<Link> try_connect(std::string& error);
  bool pause(const std::stop_token& stop, base::Nanos duration);
  void connected_on_loop(const std::shared_ptr<Link>& link, SessionReport report);
  void lost_on_loop(const std::shared_ptr<Link>& link, SessionReport report);
  void report(const SessionReport& report);

  EventLoop& loop_;
  const SessionOptions options_;
  std::vector<std::function<void()>> on_connected_;
  std::vector<std::function<void()>> on_lost_;
  std::function<void(const SessionReport&)> on_report_;
  std::shared_ptr<Link> link_;           // of the loop's thread; empty while there is no connection
  std::vector<std::string> discovered_;  // of the connecting thread
  std::atomic<std::uint64_t> attempts_{0};
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<bool> in_library_{false};
  std::jthread connector_;  // last: it uses everything above
};

// A name for replies that nobody else has: "_INBOX.<random>".
std::string new_inbox();

}  // namespace router::nats
