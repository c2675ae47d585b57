// Takes messages from a durable pull consumer, as many as the window has room for, and tells when the
// consumer is silent or gone. The pulls are raw requests on an inbox of the current connection, sent the
// moment it stands: natsSubscription_Fetch is seconds late after a broker restart, and overflows its heap.
//
// It does not create the consumer (see js_topology.h) and does not decide what becomes of a message.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "router/nats/ack_tokens.h"
#include "router/nats/event_loop.h"
#include "router/nats/nats_message.h"
#include "router/nats/nats_session.h"
#include "router/nats/pull_credit.h"

namespace router::nats {

// A delivery that waits for its ack. Its ack can be sent on a later connection, too.
struct PulledMessage {
  Message message;
  AckTokens tokens;
  base::Instant received;
};

struct PullOptions {
  std::string stream;
  std::string durable;
  int window = 256;  // messages in hand or asked for
  base::Nanos expires = std::chrono::seconds(5);
  base::Nanos idle_heartbeat = std::chrono::milliseconds(100);
};

enum class PullTrouble {
  silent,  // heartbeats stayed out
  gone,    // the consumer or its stream does not exist, or has no leader
};

// Thread: the loop's. Lifetime: outlives loop.run().
class PullConsumer {
 public:
  using OnMessage = std::function<void(PulledMessage)>;
  using OnTrouble = std::function<void(PullTrouble)>;

  PullConsumer(EventLoop& loop, Session& session, PullOptions options, OnMessage on_message);

  void on_trouble(OnTrouble callback) { on_trouble_ = std::move(callback); }
  void on_pull(std::function<void()> callback) { on_pull_ = std::move(callback); }

  // Pulls from now on, on this and every later connection. Call it again once the consumer is there after a
  // trouble: it pulls without waiting any longer.
  void start();
  // Takes effect with the next pull.
  void set_window(int window) { options_.window = window; }
  // No more pulls. Under load it waits a little for the open ones to be used up (a server that loses the
  // subscriber of an open pull can still hand one message to nobody, which then waits for ack_wait); when
  // nothing comes, it does not. Then it unsubscribes, hands out what has arrived, and calls `done`.
  void drain(Task done);

  // Each message is ended by exactly one of these. False: it could not be handed to the broker, and is not
  // ended.
  bool ack(const PulledMessage& pulled);
  bool nak(const PulledMessage& pulled, base::Nanos delay);
  // +WPI: it is being worked on. Does not end it.
  bool progress(const PulledMessage& pulled);

  // Delivered and not ended.
  int unfinished() const { return unfinished_; }
  // A pull is open, or there is work in hand.
  bool consuming() const { return session_.connected() && (credit_.outstanding() > 0 || unfinished_ > 0); }

 private:
  void listen();
  void received(Message message);
  void status(const Message& message);
  void trouble(PullTrouble what);
  void ended_one();
  void pull_if_room();
  void send_pull(int batch);
  void watch();
  void unsubscribe_when_settled(base::Instant at_last, Task done);

  EventLoop& loop_;
  Session& session_;
  PullOptions options_;
  OnMessage on_message_;
  OnTrouble on_trouble_;
  std::function<void()> on_pull_;
  std::string inbox_;
  Subscription subscription_;
  PullCredit credit_;
  std::uint64_t last_pull_ = 0;
  int unfinished_ = 0;
  bool started_ = false;
  bool draining_ = false;
  base::Instant heard_;
  base::Instant delivered_at_;  // a message; of a drain, at least its begin
  base::Instant quiet_until_;   // no pulls before: the last one was refused
};

}  // namespace router::nats
