#include "router/roles/router_topology.h"

#include <string>
#include <utility>

namespace router::roles {

nats::Topology topology_of(const config::RouterConfig& config) {
  const auto stream = [&](const std::string& name, std::vector<std::string> subjects) {
    return nats::StreamSpec{.name = name,
                            .subjects = std::move(subjects),
                            .replicas = config.jetstream.replicas,
                            .in_memory = config.jetstream.storage == config::Storage::memory,
                            .max_age = config.jetstream.max_age,
                            .duplicate_window = config.jetstream.duplicate_window};
  };
  const auto consumer = [](const config::ConsumerSettings& settings) {
    return nats::ConsumerSpec{.stream = settings.stream,
                              .durable = settings.durable,
                              .filter_subject = settings.subject,
                              .ack_wait = settings.ack_wait,
                              .max_ack_pending = settings.max_ack_pending};
  };
  const auto& suffix = config.subjects.dlq_suffix;
  auto decisions = stream(config.decision.stream, {config.decision.subject + ".>"});
  decisions.max_age = config.decision_max_age;
  return {
      .streams = {stream(config.decide.stream, {config.decide.subject}), std::move(decisions),
                  stream(config.assign.stream, {config.assign.subject + ".>"}),
                  stream(config.result.stream, {config.result.subject}),
                  stream(config.usage.stream, {config.usage.subject + ".>"}),
                  stream(config.subjects.dlq_stream,
                         {config.decide.subject + "." + suffix, config.result.subject + "." + suffix}),
                  stream(config.subjects.advisory_stream, {"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"})},
      .consumers = {consumer(config.decide),
                    consumer(config.result),
                    {.stream = config.subjects.advisory_stream, .durable = kAdvisoryDurable}}};
}

}  // namespace router::roles
