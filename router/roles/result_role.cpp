#include "base/clock.h"
#include "router/roles/result_flow.h"
#include "router/roles/role.h"
#include "router/roles/role_frame.h"

namespace router::roles {

using namespace std::chrono_literals;

int run_result(supervise::RoleContext& context) {
  RoleFrame frame(context);
  const auto& settings = context.config.result;
  ResultFlow* flow_of_consumer = nullptr;
  nats::PullConsumer consumer(frame.loop(), frame.session(),
                              {.stream = settings.stream,
                               .durable = settings.durable,
                               .window = settings.pull_batch,
                               .expires = settings.pull_expires,
                               .idle_heartbeat = settings.idle_heartbeat},
                              [&](nats::PulledMessage pulled) { flow_of_consumer->take(std::move(pulled)); });
  NatsBroker broker(frame.session(), frame.requests(), context.config.nats.request_timeout, consumer);
  ResultFlow flow({.config = context.config,
                   .broker = broker,
                   .slot = context.slot,
                   .log = context.log,
                   .on_refused = [&frame] { frame.check_streams(); }});
  flow_of_consumer = &flow;
  frame.consume(consumer);
  frame.session().on_connected([&] { flow.desk().connected(); });
  frame.loop().every(1s, [&] { flow.desk().tell_progress(squall::base::now()); });
  return frame.run({.begin = [&](nats::Task dry) { consumer.drain(std::move(dry)); },
                    .in_hand = [&] { return flow.desk().in_hand(); }});
}

}  // namespace router::roles
