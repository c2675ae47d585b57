#include <algorithm>

#include "base/clock.h"
#include "router/messages/job_result.h"
#include "router/roles/decide_flow.h"
#include "router/roles/role.h"
#include "router/roles/role_frame.h"

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using config::Defect;

// Messages in hand or asked for while backpressure is active: what can be finished at once.
constexpr int kSmallWindow = 32;
// How long the defect lose_at_drain goes on taking what it then loses.
constexpr auto kLosingTime = 200ms;

void listen_to_outcomes(RoleFrame& frame, BreakerBank& breakers, nats::Subscription& subscription) {
  auto& context = frame.context();
  breakers.on_change([&context](const auto& tenant, const auto& provider, board::Breaker state) {
    context.slot.set_breaker(tenant, provider, state);
    context.log.info("circuit breaker changed",
                     {{"tenant_id", tenant}, {"provider_id", provider}, {"state", board::name_of(state)}});
  });
  frame.session().on_connected([&frame, &breakers, &subscription] {
    subscription = frame.session().subscribe(
        frame.context().config.subjects.provider_outcome, [&breakers](const nats::Message& message) {
          const auto outcome = messages::read_provider_outcome(message.payload);
          if (!outcome) return;
          breakers.record(outcome->tenant_id, outcome->provider_id, outcome->success, squall::base::now());
        });
  });
  frame.session().on_lost([&subscription] { subscription.reset(); });
}

}  // namespace

int run_decide(supervise::RoleContext& context) {
  RoleFrame frame(context);
  const auto& settings = context.config.decide;
  BreakerBank breakers(context.config.policy.breaker);
  DecideFlow* flow_of_consumer = nullptr;
  nats::PullConsumer consumer(frame.loop(), frame.session(),
                              {.stream = settings.stream,
                               .durable = settings.durable,
                               .window = settings.pull_batch,
                               .expires = settings.pull_expires,
                               .idle_heartbeat = settings.idle_heartbeat},
                              [&](nats::PulledMessage pulled) { flow_of_consumer->take(std::move(pulled)); });
  NatsBroker broker(frame.session(), frame.requests(), context.config.nats.request_timeout, consumer);
  DecideFlow flow({.config = context.config,
                   .broker = broker,
                   .breakers = breakers,
                   .slot = context.slot,
                   .log = context.log,
                   .on_refused = [&frame] { frame.check_streams(); },
                   .defect = context.defect,
                   .later = [&frame](auto delay, auto task) { frame.loop().after(delay, std::move(task)); }});
  flow_of_consumer = &flow;
  frame.consume(consumer);
  frame.session().on_connected([&] { flow.desk().connected(); });
  nats::Subscription outcomes;
  listen_to_outcomes(frame, breakers, outcomes);
  frame.loop().every(100ms, [&] {
    const bool active = context.board.backpressure() == board::Backpressure::active;
    consumer.set_window(active ? std::min(kSmallWindow, settings.pull_batch) : settings.pull_batch);
  });
  frame.loop().every(1s, [&] {
    const auto now = squall::base::now();
    flow.desk().tell_progress(now);
    breakers.forget_idle(now);
  });
  return frame.run({.begin =
                        [&](nats::Task dry) {
                          if (!config::has(context.defect, Defect::lose_at_drain)) {
                            consumer.drain(std::move(dry));
                            return;
                          }
                          flow.lose_everything();
                          frame.loop().after(kLosingTime, [&, dry = std::move(dry)]() mutable {
                            consumer.drain(std::move(dry));
                          });
                        },
                    .in_hand = [&] { return flow.desk().in_hand(); }});
}

}  // namespace router::roles
