// What the three roles have in common: the event loop, the session and what it reports, the topology, the
// beat on the board, the watchdog, and the order of a drain.
#pragma once

#include <functional>
#include <string>

#include "router/nats/event_loop.h"
#include "router/nats/js_topology.h"
#include "router/nats/nats_session.h"
#include "router/nats/pull_consumer.h"
#include "router/nats/request_mux.h"
#include "router/supervise/role_context.h"

namespace router::roles {

// The exit code of a role whose libnats hangs: it is to be replaced.
inline constexpr int kExitHung = 75;

// Thread: the loop's, which is the one that calls run().
class RoleFrame {
 public:
  explicit RoleFrame(supervise::RoleContext& context);

  supervise::RoleContext& context() { return context_; }
  nats::EventLoop& loop() { return loop_; }
  nats::Session& session() { return session_; }
  nats::RequestMux& requests() { return requests_; }

  // Pulls once the topology stands; starts over when the consumer is silent or gone.
  void consume(nats::PullConsumer& consumer);

  // Makes again what is gone, at most once a second.
  void check_streams();

  // How a role ends: `begin` stops the intake and says when it has run dry; `in_hand` is what is left to do.
  struct Drain {
    std::function<void(nats::Task dry)> begin;
    std::function<std::size_t()> in_hand;
  };
  // Serves until the context's stop is requested, then drains. Returns the exit code.
  int run(Drain drain);

 private:
  void report(const nats::SessionReport& now);
  void beat();
  void begin_drain();
  void quit_when_drained();

  supervise::RoleContext& context_;
  nats::EventLoop loop_;
  nats::Session session_;
  nats::RequestMux requests_;
  nats::TopologyKeeper topology_;
  std::vector<nats::PullConsumer*> consumers_;
  Drain drain_;
  squall::base::Instant drain_until_;
  squall::base::Instant streams_checked_;
  bool dry_ = false;
  bool was_connected_ = false;
  std::uint64_t attempts_counted_ = 0;
};

}  // namespace router::roles
