// Watches the load and answers questions. It never touches a request.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "router/messages/decision.h"
#include "router/messages/job_result.h"
#include "router/roles/backpressure_machine.h"
#include "router/roles/circuit_breaker.h"
#include "router/roles/provider_choice.h"
#include "router/roles/role.h"
#include "router/roles/role_frame.h"
#include "router/roles/router_topology.h"

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using board::Backpressure;
using config::Defect;
using messages::Json;

// num_pending + num_ack_pending; nothing when the consumer's state is not to be had.
std::optional<std::int64_t> pending_in(const nats::Answer& answer) {
  if (!answer) return std::nullopt;
  const auto body = Json::parse(answer->payload, nullptr, false);
  if (!body.is_object() || body.contains("error")) return std::nullopt;
  return body.value("num_pending", std::int64_t{0}) + body.value("num_ack_pending", std::int64_t{0});
}

class Admin {
 public:
  explicit Admin(RoleFrame& frame)
      : frame_(frame),
        context_(frame.context()),
        machine_(context_.config.backpressure),
        breakers_(context_.config.policy.breaker),
        advisories_(frame.loop(), frame.session(),
                    {.stream = context_.config.subjects.advisory_stream, .durable = kAdvisoryDurable},
                    [this](const nats::PulledMessage& pulled) { count_advisory(pulled); }) {
    frame_.consume(advisories_);
    frame_.session().on_connected([this] { subscribe(); });
    frame_.session().on_lost([this] {
      subscriptions_.clear();
      asking_ = false;
    });
    frame_.loop().every(context_.config.backpressure.sample_every, [this] { sample(); });
    frame_.loop().every(1s, [this] { breakers_.forget_idle(squall::base::now()); });
  }

  int run() {
    return frame_.run({.begin = [this](nats::Task dry) { advisories_.drain(std::move(dry)); },
                       .in_hand = [] { return std::size_t{0}; }});
  }

 private:
  void subscribe();
  void answer_on(const std::string& subject, std::function<Json(const nats::Message&)> answer);
  void sample();
  void sampled(std::int64_t pending);
  void count_advisory(const nats::PulledMessage& pulled);
  Json backpressure_answer() const;
  Json health_answer() const;
  Json breakers_answer() const;
  Json dry_run_answer(const nats::Message& question);

  RoleFrame& frame_;
  supervise::RoleContext& context_;
  BackpressureMachine machine_;
  BreakerBank breakers_;  // fed as those of the decide roles are
  nats::PullConsumer advisories_;
  std::vector<nats::Subscription> subscriptions_;
  bool asking_ = false;
};

void Admin::subscribe() {
  const auto& subjects = context_.config.subjects;
  answer_on(subjects.backpressure_status, [this](const nats::Message&) { return backpressure_answer(); });
  answer_on(subjects.admin + ".health", [this](const nats::Message&) { return health_answer(); });
  answer_on(subjects.admin + ".circuit_breakers", [this](const nats::Message&) { return breakers_answer(); });
  answer_on(subjects.admin + ".dry_run",
            [this](const nats::Message& question) { return dry_run_answer(question); });
  subscriptions_.push_back(
      frame_.session().subscribe(subjects.provider_outcome, [this](const nats::Message& message) {
        const auto outcome = messages::read_provider_outcome(message.payload);
        if (!outcome) return;
        breakers_.record(outcome->tenant_id, outcome->provider_id, outcome->success, squall::base::now());
      }));
}

// One router of several answers.
void Admin::answer_on(const std::string& subject, std::function<Json(const nats::Message&)> answer) {
  subscriptions_.push_back(frame_.session().subscribe(
      subject,
      [this, answer = std::move(answer)](const nats::Message& question) {
        if (!question.reply.empty())
          frame_.session().publish(question.reply, messages::to_text(answer(question)));
      },
      "router-admin"));
}

void Admin::sample() {
  if (asking_) return;
  const auto& decide = context_.config.decide;
  asking_ = true;
  frame_.requests().request(fmt::format("$JS.API.CONSUMER.INFO.{}.{}", decide.stream, decide.durable), "", 2s,
                            [this](const nats::Answer& answer) {
                              asking_ = false;
                              // Without an answer nothing is known, and nothing changes.
                              if (const auto pending = pending_in(answer)) sampled(*pending);
                            });
}

void Admin::sampled(std::int64_t pending) {
  const auto now = squall::base::now();
  const auto& board = context_.board;
  const LoadSample load{.pending = pending,
                        .decide_p95 = board.decide_latency_p95(now).value_or(0ns),
                        .in_flight = board.in_flight()};
  context_.slot.set_pending(pending);
  const auto before = machine_.state();
  auto state = machine_.update(load, now);
  if (config::has(context_.defect, Defect::never_leave_backpressure) &&
      context_.slot.backpressure() == Backpressure::active) {
    state = Backpressure::active;
  }
  context_.slot.set_backpressure(state);
  if (state == before) return;
  context_.log.info("backpressure changed", {{"from", board::name_of(before)},
                                             {"to", board::name_of(state)},
                                             {"pending", pending},
                                             {"decide_p95_ms", squall::base::to_ms(load.decide_p95)},
                                             {"in_flight", load.in_flight}});
}

void Admin::count_advisory(const nats::PulledMessage& pulled) {
  if (!advisories_.ack(pulled)) return;
  context_.slot.count(board::Counter::jetstream_maxdeliver_exhausted);
  const auto advisory = Json::parse(pulled.message.payload, nullptr, false);
  context_.log.warning("MAX_DELIVERIES", "a consumer gave up a message",
                       {{"advisory", advisory.is_discarded() ? Json(pulled.message.subject) : advisory}});
}

Json Admin::backpressure_answer() const {
  const auto state = context_.slot.backpressure();
  const bool overloaded = state == Backpressure::active;
  Json answer{{"status", overloaded ? "overloaded" : "ok"},
              {"state", board::name_of(state)},
              {"pending", context_.slot.pending()},
              {"in_flight", context_.board.in_flight()}};
  if (overloaded) {
    answer["retry_after_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(context_.config.backpressure.retry_after)
            .count();
  }
  return answer;
}

Json Admin::health_answer() const {
  Json roles = Json::array();
  bool well = true;
  const auto& board = context_.board;
  for (const auto& slot : board.slots()) {
    if (slot.role() == board::Role::guardian || slot.role() == board::Role::supervisor) continue;
    well = well && slot.nats_status() == board::NatsStatus::connected;
    roles.push_back({{"role", slot.name()},
                     {"pid", slot.pid()},
                     {"nats", board::name_of(slot.nats_status())},
                     {"consuming", slot.consuming()},
                     {"in_flight", slot.in_flight()}});
  }
  return {{"status", well ? "ok" : "degraded"}, {"roles", std::move(roles)}};
}

Json Admin::breakers_answer() const {
  Json breakers = Json::array();
  for (const auto& [tenant, provider, state] : breakers_.entries(squall::base::now())) {
    breakers.push_back({{"tenant_id", tenant}, {"provider_id", provider}, {"state", board::name_of(state)}});
  }
  return {{"circuit_breakers", std::move(breakers)}};
}

// The answer that a request would get now, without any effect. Half-open breakers count as closed here.
Json Admin::dry_run_answer(const nats::Message& question) {
  const auto& config = context_.config;
  const auto request = messages::read_decide_request(
      question.payload, {.payload_bytes = config.limits.payload_bytes,
                         .tenants = config.allow.tenants,
                         .assignment_subjects = config.allow.assignment_subjects});
  if (!request) {
    const auto& why = request.error();
    return messages::error_response({why.code, why.message, why.request_id, why.trace_id});
  }
  const auto entries = breakers_.entries(squall::base::now());
  const auto decision = choose_provider(config.policy, *request, [&](const std::string& provider) {
    return std::ranges::none_of(entries, [&](const auto& entry) {
      return entry.tenant == request->tenant_id && entry.provider == provider &&
             entry.state == board::Breaker::open;
    });
  });
  if (decision) return messages::decide_response(*request, *decision);
  return messages::error_response(
      {decision.error().code, decision.error().message, request->request_id, request->trace_id});
}

}  // namespace

int run_admin(supervise::RoleContext& context) {
  RoleFrame frame(context);
  Admin admin(frame);
  return admin.run();
}

}  // namespace router::roles
