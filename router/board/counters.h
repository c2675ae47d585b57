// What a process of the router counts, and what each is called in /metrics. Adding one is one line here.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace router::board {

enum class Counter : std::size_t {
  nats_connection_lost,
  nats_connection_restored,
  nats_reconnect_attempts,
  jetstream_redelivery,
  jetstream_ack,
  jetstream_nak,
  jetstream_maxdeliver_exhausted,
  dlq,
  idempotency_hit,
  decisions,
  rejected,
  assignments,
  results,
  usage,
  replies,
  publish_failed,
  publish_unknown,
  pull_requests,
  consumer_recreated,
  count_  // how many there are
};

struct CounterText {
  Counter counter;
  std::string_view name;  // in /metrics
  std::string_view help;
};

inline constexpr std::array<CounterText, static_cast<std::size_t>(Counter::count_)> kCounters{{
    {Counter::nats_connection_lost, "router_nats_connection_lost_total",
     "Connections to NATS that were lost"},
    {Counter::nats_connection_restored, "router_nats_connection_restored_total",
     "Connections to NATS that came back"},
    {Counter::nats_reconnect_attempts, "router_nats_reconnect_attempts_total",
     "Attempts to connect to NATS again"},
    {Counter::jetstream_redelivery, "router_jetstream_redelivery_total",
     "Messages delivered more than once, by their delivery count"},
    {Counter::jetstream_ack, "router_jetstream_ack_total", "Messages acknowledged"},
    {Counter::jetstream_nak, "router_jetstream_nak_total", "Messages asked for again later"},
    {Counter::jetstream_maxdeliver_exhausted, "router_jetstream_maxdeliver_exhausted_total",
     "Messages that a consumer with a delivery limit gave up"},
    {Counter::dlq, "router_dlq_total", "Messages put into the dead letter queue"},
    {Counter::idempotency_hit, "router_idempotency_hit_total", "Requests answered from a stored decision"},
    {Counter::decisions, "router_decisions_total", "Decisions stored"},
    {Counter::rejected, "router_rejected_total", "Requests and results that can never succeed"},
    {Counter::assignments, "router_assignments_total", "Assignments stored"},
    {Counter::results, "router_results_total", "Results accepted"},
    {Counter::usage, "router_usage_total", "Usage events stored"},
    {Counter::replies, "router_replies_total", "Replies handed to the broker"},
    {Counter::publish_failed, "router_publish_failed_total", "Publishes that the broker refused"},
    {Counter::publish_unknown, "router_publish_unknown_total",
     "Publishes whose PubAck never came: stored or not"},
    {Counter::pull_requests, "router_pull_requests_total", "Pull requests sent"},
    {Counter::consumer_recreated, "router_consumer_recreated_total",
     "Pulls set up anew because a consumer was silent or gone"},
}};

constexpr bool counters_in_order() {
  for (std::size_t i = 0; i < kCounters.size(); ++i) {
    if (static_cast<std::size_t>(kCounters[i].counter) != i) return false;
  }
  return true;
}
static_assert(counters_in_order(), "kCounters must follow the order of Counter");

}  // namespace router::board
