// answer_metrics: the board in Prometheus' text format.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <deque>
#include <limits>
#include <map>

#include "base/clock.h"
#include "router/http/answers.h"

namespace router::http {
namespace {

using board::Role;
using board::Slot;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;

double seconds(squall::base::Nanos duration) { return static_cast<double>(duration.count()) / 1e9; }

bool is_role(const Slot& slot) { return slot.role() != Role::guardian && slot.role() != Role::supervisor; }
Labels of_process(const Slot& slot) { return {{"process", slot.name()}}; }

class Exposition {
 public:
  MetricFamily& family(std::string_view name, std::string_view help, MetricType type) {
    families_.push_back({.name = std::string(name), .help = std::string(help), .type = type, .metric = {}});
    return families_.back();
  }
  std::string text() const {
    return prometheus::TextSerializer().Serialize({families_.begin(), families_.end()});
  }

 private:
  std::deque<MetricFamily> families_;  // references into it stay valid
};

void gauge(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

void counter(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  family.metric.push_back(std::move(metric));
}

// Every metric a process could count, from the start at 0: a counter that appears late has no first increase.
void add_counters(const board::Board& board, Exposition& out) {
  for (const board::CounterText& text : board::kCounters) {
    MetricFamily& family = out.family(text.name, text.help, MetricType::Counter);
    for (const Slot& slot : board.slots()) {
      if (is_role(slot)) counter(family, of_process(slot), static_cast<double>(slot.counter(text.counter)));
    }
  }
}

void add_restarts(const board::Board& board, Exposition& out) {
  std::map<std::string_view, double> by_role;
  for (const Slot& slot : board.slots()) {
    if (is_role(slot)) by_role[name_of(slot.role())] += static_cast<double>(slot.restarts());
  }
  MetricFamily& workers = out.family("router_worker_restarts_total", "Roles started again after their death",
                                     MetricType::Counter);
  for (const auto& [role, restarts] : by_role) counter(workers, {{"role", std::string(role)}}, restarts);
  counter(out.family("router_supervisor_restarts_total", "Supervisors started again after their death",
                     MetricType::Counter),
          {}, static_cast<double>(board.slot(Role::supervisor).restarts()));
}

void add_processes(const board::Board& board, Instant now, Exposition& out) {
  MetricFamily& up = out.family("router_process_up", "1 while the process runs", MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    if (slot.state() == board::State::absent) continue;
    gauge(up, of_process(slot), slot.state() == board::State::running ? 1.0 : 0.0);
  }
  MetricFamily& age = out.family("router_heartbeat_age_seconds", "Since the process last gave a sign of life",
                                 MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    const auto beat = slot.last_beat();
    if (beat && slot.pid() != 0) gauge(age, of_process(slot), std::max(0.0, seconds(now - *beat)));
  }
  MetricFamily& nats = out.family("router_nats_connection_status",
                                  "0 disconnected, 0.5 connecting, 1 connected", MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    if (is_role(slot)) gauge(nats, of_process(slot), gauge_of(slot.nats_status()));
  }
  MetricFamily& consuming =
      out.family("router_consuming", "1 while the role pulls from its consumer", MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    if (slot.role() == Role::decide || slot.role() == Role::result) {
      gauge(consuming, of_process(slot), slot.consuming() ? 1.0 : 0.0);
    }
  }
}

void add_load(const board::Board& board, Instant now, Exposition& out) {
  const Slot& admin = board.slot(Role::admin);
  gauge(out.family("router_backpressure_state", "0 inactive, 1 warning, 2 active", MetricType::Gauge), {},
        static_cast<double>(admin.backpressure()));
  gauge(out.family("router_pending_messages", "num_pending + num_ack_pending of the decide consumer",
                   MetricType::Gauge),
        {}, static_cast<double>(admin.pending()));
  MetricFamily& in_flight =
      out.family("router_in_flight_messages", "Messages taken and not yet acked", MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    if (is_role(slot)) gauge(in_flight, of_process(slot), static_cast<double>(slot.in_flight()));
  }
  MetricFamily& p95 = out.family("router_decide_latency_p95_seconds",
                                 "p95 of the decide latency over the last 5 s", MetricType::Gauge);
  if (const auto value = board.decide_latency_p95(now)) gauge(p95, {}, seconds(*value));
}

// Three bounds of each decade are enough for a scrape.
ClientMetric to_histogram(const Slot& slot) {
  const board::LatencyCounts counts = slot.latency().since_start();
  ClientMetric metric;
  metric.label = of_process(slot);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < board::kBoundCount; ++i) {
    cumulative += counts.buckets[i];
    const std::size_t step = i % 10;
    if (step != 0 && step != 4 && step != 7) continue;
    metric.histogram.bucket.push_back({cumulative, seconds(board::latency_bounds()[i])});
  }
  metric.histogram.sample_count = counts.total();
  metric.histogram.sample_sum = seconds(counts.sum);
  metric.histogram.bucket.push_back({metric.histogram.sample_count, std::numeric_limits<double>::infinity()});
  return metric;
}

void add_latency(const board::Board& board, Exposition& out) {
  MetricFamily& family = out.family("router_decide_latency_seconds",
                                    "From taking a request until it is acked", MetricType::Histogram);
  for (const Slot& slot : board.slots()) {
    if (slot.role() == Role::decide) family.metric.push_back(to_histogram(slot));
  }
}

void add_breakers(const board::Board& board, Exposition& out) {
  MetricFamily& family =
      out.family("router_circuit_breaker_state", "0 closed, 1 half open, 2 open", MetricType::Gauge);
  for (const Slot& slot : board.slots()) {
    for (const board::BreakerEntry& entry : slot.breakers()) {
      gauge(family, {{"process", slot.name()}, {"tenant", entry.tenant}, {"provider", entry.provider}},
            static_cast<double>(entry.state));
    }
  }
}

}  // namespace

Answer answer_metrics(const board::Board& board, const config::RouterConfig& config, Instant now) {
  Exposition out;
  gauge(out.family("router_ready", "1 while /readyz says so", MetricType::Gauge), {},
        failing_readiness(board, config, now).empty() ? 1.0 : 0.0);
  add_processes(board, now, out);
  add_restarts(board, out);
  add_load(board, now, out);
  add_latency(board, out);
  add_breakers(board, out);
  add_counters(board, out);
  return {200, "text/plain; version=0.0.4; charset=utf-8", out.text()};
}

}  // namespace router::http
