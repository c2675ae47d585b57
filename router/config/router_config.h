// Everything about a router that can be set, with its defaults, as plain values. How it is read from YAML is
// in config_file.h; router.example.yaml shows and explains every field.
//
// The structs are grouped as the YAML is; a field has the same name there.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace router::config {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

struct NatsSettings {
  std::vector<std::string> urls{"nats://127.0.0.1:4222"};
  // Constant, never growing, never given up: 10–20 ms suit a loopback broker, 100 ms – 1 s others.
  Duration reconnect_wait = 10ms;
  Duration reconnect_jitter = 1ms;
  Duration connect_timeout = 2s;
  Duration ping_interval = 1s;
  int max_pings_out = 2;
  // How long a PubAck or a JetStream API answer may take before the publish counts as of unknown outcome.
  Duration request_timeout = 2s;
  // Stay on the configured urls, even if the cluster advertises others (a proxy would be bypassed).
  bool ignore_discovered_servers = true;

  bool operator==(const NatsSettings&) const = default;
};

struct HttpSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: chosen by the kernel, and written to <run_dir>/http.port

  bool operator==(const HttpSettings&) const = default;
};

enum class LogLevel { debug, info, warning, error };

struct LogSettings {
  std::string path;  // empty: stderr; a relative one is below the run_dir
  LogLevel level = LogLevel::info;

  bool operator==(const LogSettings&) const = default;
};

struct RoleSettings {
  int decide = 2;

  bool operator==(const RoleSettings&) const = default;
};

enum class Storage { file, memory };

// How streams are created that do not exist; those that exist are left as they are.
struct JetStreamSettings {
  int replicas = 1;
  Storage storage = Storage::file;
  Duration duplicate_window = 2min;
  Duration max_age = 0s;  // 0: no limit. Applies to all but the decisions, which have their own

  bool operator==(const JetStreamSettings&) const = default;
};

// A stream that the router consumes from.
struct ConsumerSettings {
  std::string subject;
  std::string stream;
  std::string durable;
  Duration ack_wait = 30s;
  int max_ack_pending = 1000;
  // Delays of the first, second, … NAK; the last one repeats.
  std::vector<Duration> nak_delays;
  // The attempt seen failing by the role itself at which a message goes to the DLQ.
  int attempts = 0;
  // Work that takes longer says +WPI, and again at this interval.
  Duration progress_after = 10s;
  // Messages asked for at once by one role's pull request.
  int pull_batch = 256;
  Duration pull_expires = 5s;
  Duration idle_heartbeat = 500ms;

  bool operator==(const ConsumerSettings&) const = default;
};

// A stream that the router publishes to: `<subject>.<id>`.
struct OutputSettings {
  std::string subject;
  std::string stream;

  bool operator==(const OutputSettings&) const = default;
};

struct SubjectSettings {
  std::string backpressure_status = "router.v1.status.backpressure";
  std::string admin = "router.v1.admin";               // .health, .circuit_breakers, .dry_run
  std::string provider_outcome = "router.v1.outcome";  // core: results tell the breakers of all decide roles
  std::string dlq_suffix = "dlq";                      // <subject>.dlq
  std::string dlq_stream = "ROUTER_DLQ";
  std::string advisory_stream = "ROUTER_ADVISORY";

  bool operator==(const SubjectSettings&) const = default;
};

struct LimitSettings {
  std::size_t payload_bytes = 1024 * 1024;

  bool operator==(const LimitSettings&) const = default;
};

struct AllowSettings {
  // NATS wildcards. Subjects that begin with $ are never allowed.
  std::vector<std::string> assignment_subjects{"router.v1.assign.>"};
  std::vector<std::string> reply_subjects{"_INBOX.>"};
  std::vector<std::string> tenants;  // empty: every tenant

  bool operator==(const AllowSettings&) const = default;
};

struct BackpressureSettings {
  std::int64_t pending = 1000;  // num_pending + num_ack_pending
  Duration decide_p95 = 5s;     // over the last 5 s
  std::int64_t in_flight = 500;
  Duration active_after = 5s;  // pending alone over for this long is active, too
  Duration sample_every = 100ms;
  Duration retry_after = 1s;  // what `overloaded` tells producers

  bool operator==(const BackpressureSettings&) const = default;
};

struct SupervisionSettings {
  int restarts = 5;             // of roles, within …
  Duration within = 10s;        // … this span; the next death ends the supervisor
  Duration stable_after = 1s;   // a process that ran this long is not counted
  Duration backoff_min = 50ms;  // guardian → supervisor
  Duration backoff_max = 2s;
  Duration drain_deadline = 5s;  // from SIGTERM until everything has exited
  Duration heartbeat_every = 100ms;
  Duration heartbeat_stale = 2s;  // /readyz: a role that is silent for longer is not ready

  bool operator==(const SupervisionSettings&) const = default;
};

struct Provider {
  std::string id;
  std::string channel = "nats";
  int priority = 50;
  Duration expected_latency = 500ms;
  double expected_cost = 0.01;

  bool operator==(const Provider&) const = default;
};

struct WeightedProvider {
  std::string provider;  // id of a Provider
  double weight = 1.0;   // > 0

  bool operator==(const WeightedProvider&) const = default;
};

struct Policy {
  std::string id;
  std::vector<WeightedProvider> weights;  // at least one
  std::vector<std::string> fallbacks;     // ids, tried in this order when the chosen one's breaker is open

  bool operator==(const Policy&) const = default;
};

// Of the circuit breaker per (tenant, provider).
struct BreakerSettings {
  int consecutive_failures = 5;
  double failure_ratio = 0.5;  // of at least …
  int minimum_calls = 20;      // … this many calls within …
  Duration window = 60s;       // … this span
  Duration open_for = 30s;
  int half_open_probes = 3;
  int successes_to_close = 2;
  Duration probe_lease = 10s;  // a probe without an outcome frees its place after this time

  bool operator==(const BreakerSettings&) const = default;
};

// What decides; may stand in a file of its own (`policy_file`).
struct PolicySettings {
  std::map<std::string, Provider> providers{{"default", Provider{.id = "default"}}};
  std::map<std::string, Policy> policies{
      {"default", Policy{.id = "default", .weights = {{"default", 1.0}}, .fallbacks = {}}}};
  std::string default_policy = "default";
  BreakerSettings breaker;

  bool operator==(const PolicySettings&) const = default;
};

struct RouterConfig {
  NatsSettings nats;
  std::string run_dir;  // empty: see supervise/run_dir.h
  HttpSettings http;
  LogSettings log;
  RoleSettings roles;
  JetStreamSettings jetstream;
  ConsumerSettings decide{.subject = "router.v1.decide",
                          .stream = "ROUTER_DECIDE",
                          .durable = "router-decide",
                          .nak_delays = {1s, 5s, 15s},
                          .attempts = 5};
  ConsumerSettings result{.subject = "router.v1.result",
                          .stream = "ROUTER_RESULT",
                          .durable = "router-result",
                          .nak_delays = {1s, 2s, 4s},
                          .attempts = 10};
  OutputSettings decision{.subject = "router.v1.decision", .stream = "ROUTER_DECISION"};
  Duration decision_max_age = 24h;
  OutputSettings assign{.subject = "router.v1.assign", .stream = "ROUTER_ASSIGN"};
  OutputSettings usage{.subject = "router.v1.usage", .stream = "ROUTER_USAGE"};
  SubjectSettings subjects;
  LimitSettings limits;
  AllowSettings allow;
  BackpressureSettings backpressure;
  SupervisionSettings supervision;
  PolicySettings policy;

  bool operator==(const RouterConfig&) const = default;
};

}  // namespace router::config
