#include "router/nats/js_topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "router/messages/subject_pattern.h"

namespace router::nats {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Kind = ApiVerdict::Kind;

constexpr base::Nanos kTimeout = 2s;
constexpr base::Nanos kTryAgainAfter = 250ms;

// The `config` of an INFO answer, or why there is none.
ApiVerdict config_of(const Answer& answer, json& config) {
  if (!answer) return {Kind::unavailable, std::string(name_of(answer.error()))};
  const auto body = json::parse(answer->payload, nullptr, false);
  if (!body.is_object()) return {Kind::unavailable, "the server's answer is not JSON"};
  if (const auto error = body.find("error"); error != body.end() && error->is_object()) {
    if (error->value("code", 0) == 404) return {Kind::absent, ""};
    return {Kind::unavailable,
            fmt::format("{} ({})", error->value("description", "error"), error->value("err_code", 0))};
  }
  config = body.value("config", json::object());
  return {Kind::present, ""};
}

}  // namespace

std::string create_request(const StreamSpec& spec) {
  auto window = spec.duplicate_window;
  if (spec.max_age > 0s) window = std::min(window, spec.max_age);
  return json{{"name", spec.name},
              {"subjects", spec.subjects},
              {"retention", "limits"},
              {"discard", "old"},
              {"storage", spec.in_memory ? "memory" : "file"},
              {"num_replicas", spec.replicas},
              {"max_consumers", -1},
              {"max_msgs", -1},
              {"max_bytes", -1},
              {"max_msg_size", -1},
              {"max_age", spec.max_age.count()},
              {"duplicate_window", window.count()}}
      .dump();
}

std::string create_request(const ConsumerSpec& spec) {
  json config{
      {"durable_name", spec.durable},           {"ack_policy", "explicit"}, {"deliver_policy", "all"},
      {"ack_wait", spec.ack_wait.count()},      {"max_deliver", -1},        {"replay_policy", "instant"},
      {"max_ack_pending", spec.max_ack_pending}};
  if (!spec.filter_subject.empty()) config["filter_subject"] = spec.filter_subject;
  return json{{"stream_name", spec.stream}, {"config", std::move(config)}}.dump();
}

ApiVerdict verdict_on(const StreamSpec& wanted, const Answer& info) {
  json config;
  auto verdict = config_of(info, config);
  if (verdict.kind != Kind::present) return verdict;
  const auto taken = config.value("subjects", std::vector<std::string>{});
  for (const auto& subject : wanted.subjects) {
    const bool covered =
        std::ranges::any_of(taken, [&](const auto& pattern) { return messages::covers(pattern, subject); });
    if (!covered) {
      return {Kind::wrong, fmt::format("it exists and does not take the subject {} (it takes {}); add the "
                                       "subject to it, or configure another stream name",
                                       subject, fmt::join(taken, ", "))};
    }
  }
  return verdict;
}

ApiVerdict verdict_on(const ConsumerSpec&, const Answer& info) {
  json config;
  auto verdict = config_of(info, config);
  if (verdict.kind != Kind::present) return verdict;
  if (config.contains("deliver_subject")) return {Kind::wrong, "it exists and is a push consumer"};
  if (config.value("ack_policy", "") != "explicit") {
    return {Kind::wrong, "it exists and its messages are not acknowledged one by one (ack_policy explicit)"};
  }
  return verdict;
}

TopologyKeeper::TopologyKeeper(EventLoop& loop, RequestMux& requests, Topology wanted)
    : loop_(loop), requests_(requests), wanted_(std::move(wanted)) {}

void TopologyKeeper::ensure() { go(++round_, 0, Step::info); }

void TopologyKeeper::go(std::uint64_t round, std::size_t at, Step step) {
  if (round != round_) return;
  const auto streams = wanted_.streams.size();
  if (at == streams + wanted_.consumers.size()) {
    said_.clear();
    if (on_ready_) on_ready_();
    return;
  }
  auto done = [this, round, at, step](const Answer& answer) { answered(round, at, step, answer); };
  if (at < streams) {
    const auto& spec = wanted_.streams[at];
    const bool create = step == Step::create;
    requests_.request(fmt::format("$JS.API.STREAM.{}.{}", create ? "CREATE" : "INFO", spec.name),
                      create ? create_request(spec) : "", kTimeout, std::move(done));
    return;
  }
  const auto& spec = wanted_.consumers[at - streams];
  if (step == Step::create) {
    requests_.request(fmt::format("$JS.API.CONSUMER.DURABLE.CREATE.{}.{}", spec.stream, spec.durable),
                      create_request(spec), kTimeout, std::move(done));
  } else {
    requests_.request(fmt::format("$JS.API.CONSUMER.INFO.{}.{}", spec.stream, spec.durable), "", kTimeout,
                      std::move(done));
  }
}

void TopologyKeeper::answered(std::uint64_t round, std::size_t at, Step step, const Answer& answer) {
  if (round != round_) return;
  if (!answer && answer.error() == NoAnswer::disconnected) return;  // whoever connects asks again
  const auto streams = wanted_.streams.size();
  const auto verdict = at < streams ? verdict_on(wanted_.streams[at], answer)
                                    : verdict_on(wanted_.consumers[at - streams], answer);
  switch (verdict.kind) {
    case Kind::present:
      if (step == Step::create && on_created_) on_created_(what(at));
      go(round, at + 1, Step::info);
      return;
    case Kind::absent:
      if (step == Step::info) {
        go(round, at, Step::create);
        return;
      }
      try_again(round, at, "it could not be created: its stream is gone");
      return;
    case Kind::wrong:
    case Kind::unavailable:
      try_again(round, at, verdict.text);
      return;
  }
}

void TopologyKeeper::try_again(std::uint64_t round, std::size_t at, const std::string& why) {
  const auto saying = what(at) + why;
  if (saying != said_) {
    said_ = saying;
    if (on_obstacle_) on_obstacle_(what(at), why);
  }
  loop_.after(kTryAgainAfter, [this, round] { go(round, 0, Step::info); });
}

std::string TopologyKeeper::what(std::size_t at) const {
  const auto streams = wanted_.streams.size();
  if (at < streams) return "stream " + wanted_.streams[at].name;
  const auto& consumer = wanted_.consumers[at - streams];
  return "consumer " + consumer.stream + "/" + consumer.durable;
}

}  // namespace router::nats
