#include "router/roles/role_frame.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "router/nats/hang_watchdog.h"
#include "router/roles/router_topology.h"

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using board::Counter;
using board::NatsStatus;
using config::Defect;
using squall::base::to_ms;

// What the exit itself may take at the end of a drain.
constexpr auto kDrainReserve = 700ms;
constexpr auto kFlushTimeout = 300ms;
constexpr int kAttemptsBeforeGivingUp = 3;

nats::SessionOptions session_options(const supervise::RoleContext& context) {
  const auto& nats = context.config.nats;
  nats::SessionOptions options{.urls = nats.urls,
                               .name = fmt::format("router-{}-{}", context.role_name, context.index),
                               .reconnect_wait = nats.reconnect_wait,
                               .reconnect_jitter = nats.reconnect_jitter,
                               .connect_timeout = nats.connect_timeout,
                               .ping_interval = nats.ping_interval,
                               .max_pings_out = nats.max_pings_out,
                               .ignore_discovered_servers = nats.ignore_discovered_servers};
  if (config::has(context.defect, Defect::slow_reconnect)) options.reconnect_wait = 2s;
  if (config::has(context.defect, Defect::give_up_reconnecting)) {
    options.give_up_after = kAttemptsBeforeGivingUp;
  }
  return options;
}

}  // namespace

RoleFrame::RoleFrame(supervise::RoleContext& context)
    : context_(context),
      session_(loop_, session_options(context)),
      requests_(loop_, session_),
      topology_(loop_, requests_, topology_of(context.config)) {
  session_.on_report([this](const nats::SessionReport& now) { report(now); });
  topology_.on_ready([this] {
    for (auto* consumer : consumers_) consumer->start();
  });
  topology_.on_created([this](const std::string& what) { context_.log.info("created", {{"what", what}}); });
  topology_.on_obstacle([this](const std::string& what, const std::string& why) {
    context_.log.warning("JETSTREAM_NOT_READY", "waiting for JetStream", {{"what", what}, {"reason", why}});
  });
}

void RoleFrame::consume(nats::PullConsumer& consumer) {
  consumers_.push_back(&consumer);
  consumer.on_pull([this] { context_.slot.count(Counter::pull_requests); });
  consumer.on_trouble([this](nats::PullTrouble what) {
    context_.slot.count(Counter::consumer_recreated);
    context_.log.warning(
        "CONSUMER_SILENT", "pulling again",
        {{"reason", what == nats::PullTrouble::silent ? "heartbeats stayed out" : "the consumer is gone"}});
    topology_.ensure();
  });
}

void RoleFrame::check_streams() {
  const auto now = squall::base::now();
  if (now - streams_checked_ < 1s) return;
  streams_checked_ = now;
  topology_.ensure();
}

int RoleFrame::run(Drain drain) {
  drain_ = std::move(drain);
  // After whatever pulls on a new connection: streams may be gone, but most often they are not.
  session_.on_connected([this] { topology_.ensure(); });
  beat();
  loop_.every(std::min<std::chrono::nanoseconds>(context_.config.supervision.heartbeat_every / 2, 50ms),
              [this] { beat(); });
  const nats::HangWatchdog watchdog(loop_, session_, {}, [this](const char* what) {
    context_.log.error("ROLE_HUNG", "hung, exiting to be replaced", {{"what", what}});
    _exit(kExitHung);
  });
  const std::stop_callback on_stop(context_.stop, [this] { loop_.post([this] { begin_drain(); }); });
  session_.start();
  loop_.run();
  context_.slot.set_consuming(false);
  context_.slot.set_nats_status(NatsStatus::disconnected);
  return 0;
}

void RoleFrame::report(const nats::SessionReport& now) {
  auto& slot = context_.slot;
  const auto& log = context_.log;
  switch (now.state) {
    case nats::ConnectionState::connected:
      slot.set_nats_status(NatsStatus::connected);
      if (std::exchange(was_connected_, true)) {
        slot.count(Counter::nats_connection_restored);
        log.info("NATS connection restored",
                 {{"server", now.server}, {"outage_ms", to_ms(now.outage)}, {"attempts", now.attempts}});
      } else {
        log.info("NATS connected", {{"server", now.server}, {"attempts", now.attempts}});
      }
      return;
    case nats::ConnectionState::reconnecting:
      slot.set_nats_status(NatsStatus::connecting);
      if (now.attempts == 0) {
        slot.count(Counter::nats_connection_lost);
        log.warning("NATS_CONNECTION_LOST", "NATS connection lost", {{"reason", now.reason}});
      } else {
        log.warning("NATS_UNREACHABLE", "NATS cannot be reached, trying on",
                    {{"reason", now.reason}, {"attempts", now.attempts}});
      }
      return;
    case nats::ConnectionState::waiting:
      slot.set_nats_status(NatsStatus::connecting);
      log.warning("NATS_UNREACHABLE", "waiting for NATS", {{"reason", now.reason}});
      return;
    case nats::ConnectionState::given_up:
      slot.set_nats_status(NatsStatus::disconnected);
      log.error("NATS_GIVEN_UP", "NATS connection closed", {{"attempts", now.attempts}});
      return;
  }
}

void RoleFrame::beat() {
  auto& slot = context_.slot;
  slot.beat(squall::base::now());
  slot.set_consuming(!consumers_.empty() && std::ranges::all_of(consumers_, [](const auto* consumer) {
    return consumer->consuming();
  }));
  // The very first attempt is no reconnecting.
  const auto attempts = std::max<std::uint64_t>(session_.attempts(), 1) - 1;
  slot.count(Counter::nats_reconnect_attempts, attempts - std::exchange(attempts_counted_, attempts));
}

void RoleFrame::begin_drain() {
  const auto budget = context_.config.supervision.drain_deadline - kDrainReserve;
  drain_until_ = squall::base::now() + std::max<std::chrono::nanoseconds>(budget, 100ms);
  context_.log.info("draining", {{"in_hand", drain_.in_hand()}});
  // Without a connection nothing can be finished: what is in hand comes again.
  if (!session_.connected()) {
    loop_.quit();
    return;
  }
  drain_.begin([this] { dry_ = true; });
  loop_.every(2ms, [this] { quit_when_drained(); });
}

void RoleFrame::quit_when_drained() {
  const bool drained = dry_ && drain_.in_hand() == 0;
  if (!drained && session_.connected() && squall::base::now() < drain_until_) return;
  if (drained) session_.flush(kFlushTimeout);
  context_.log.info("drained", {{"left", drain_.in_hand()}});
  loop_.quit();
}

}  // namespace router::roles
