#include "router/roles/decide_flow.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/clock.h"
#include "router/messages/subject_pattern.h"
#include "router/roles/provider_choice.h"

namespace router::roles {
namespace {

using board::Counter;
using config::Defect;
using Kind = nats::PublishOutcome::Kind;

constexpr const char* kReplyTo = "Router-Reply-To";
// What a service with a queue of its own takes between its early ack and the work.
constexpr auto kEarlyAckDelay = std::chrono::milliseconds(20);

std::string random_suffix() {
  static std::random_device dice;
  return fmt::format("{:08x}{:08x}", dice(), dice());
}

std::string error_text(const messages::Rejection& why) {
  return messages::to_text(messages::error_response({why.code, why.message, why.request_id, why.trace_id}));
}

}  // namespace

DecideFlow::DecideFlow(const Parts& parts)
    : parts_(parts),
      rules_{.payload_bytes = parts.config.limits.payload_bytes,
             .tenants = parts.config.allow.tenants,
             .assignment_subjects = parts.config.allow.assignment_subjects},
      desk_(parts.broker, parts.slot, parts.log,
            {.consumer = parts.config.decide,
             .dlq_subject = parts.config.decide.subject + "." + parts.config.subjects.dlq_suffix,
             .on_refused = parts.on_refused},
            [this](const auto& item) { work(std::static_pointer_cast<Item>(item)); }) {}

void DecideFlow::take(nats::PulledMessage pulled) {
  auto item = std::make_shared<Item>(std::move(pulled));
  if (losing_) {
    parts_.broker.ack(item->pulled);
    return;
  }
  if (planted(Defect::ack_before_assignment)) {
    desk_.ack_early(item);
    parts_.later(kEarlyAckDelay, [this, item] { desk_.take(item); });
    return;
  }
  desk_.take(item);
}

void DecideFlow::lose_everything() {
  losing_ = true;
  desk_.ack_everything_unfinished();
}

void DecideFlow::work(const ItemPtr& item) {
  if (!item->request) {
    auto request = messages::read_decide_request(item->pulled.message.payload, rules_);
    if (!request) {
      refuse(item, request.error());
      return;
    }
    item->request = std::move(*request);
    if (planted(Defect::no_message_id)) item->request->id += "-" + random_suffix();
  }
  decide(item);
}

void DecideFlow::decide(const ItemPtr& item) {
  const auto& request = *item->request;
  const auto now = squall::base::now();
  const auto decision = choose_provider(parts_.config.policy, request, [&](const std::string& provider) {
    return parts_.breakers.admit(request.tenant_id, provider, now);
  });
  if (decision) {
    item->decision = messages::stored_decision(request, *decision);
    store_decision(item);
    return;
  }
  undecided(item, decision.error());
}

// A request that was decided before the policy changed or the breakers opened still gets its first answer.
void DecideFlow::undecided(const ItemPtr& item, const NoChoice& why) {
  const auto& request = *item->request;
  parts_.broker.read_last(
      parts_.config.decision.stream, parts_.config.decision.subject + "." + request.id,
      [this, item, why](const nats::StoredAnswer& answer) {
        if (item->ended) return;
        if (answer) {
          parts_.slot.count(Counter::idempotency_hit);
          read_back_done(item, answer);
          return;
        }
        const auto& asked = *item->request;
        const messages::Rejection rejection{why.code, why.message, asked.request_id, asked.trace_id};
        const bool surely_absent = answer.error() == nats::NotRead::absent;
        if (surely_absent && !why.may_succeed_later) {
          refuse(item, rejection);
          return;
        }
        desk_.failed(item, {.reason = why.message,
                            .may_dead_letter = surely_absent,
                            .before_ack = [this, item, rejection] { reply(item, error_text(rejection)); }});
      });
}

nats::Publication DecideFlow::once_per_id(const std::string& prefix, const std::string& id,
                                          std::string payload) const {
  nats::Publication publication{.subject = prefix + "." + id, .payload = std::move(payload)};
  if (!planted(Defect::no_message_id)) {
    publication.message_id = id;
    publication.first_on_subject = true;
  }
  return publication;
}

void DecideFlow::store_decision(const ItemPtr& item) {
  parts_.broker.publish(
      once_per_id(parts_.config.decision.subject, item->request->id, messages::to_text(*item->decision)),
      [this, item](const nats::PublishOutcome& outcome) {
        if (!item->ended) decision_done(item, outcome);
      });
}

void DecideFlow::decision_done(const ItemPtr& item, const nats::PublishOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::stored:
      parts_.slot.count(Counter::decisions);
      store_assignment(item);
      return;
    case Kind::exists:
      parts_.slot.count(Counter::idempotency_hit);
      read_back(item);
      return;
    case Kind::impossible:
      refuse(item, {"invalid_request", "the decision is " + outcome.text, item->request->request_id,
                    item->request->trace_id});
      return;
    default:
      desk_.publish_failed(item, outcome, {});
  }
}

void DecideFlow::read_back(const ItemPtr& item) {
  parts_.broker.read_last(parts_.config.decision.stream,
                          parts_.config.decision.subject + "." + item->request->id,
                          [this, item](const nats::StoredAnswer& answer) {
                            if (!item->ended) read_back_done(item, answer);
                          });
}

void DecideFlow::read_back_done(const ItemPtr& item, const nats::StoredAnswer& answer) {
  if (!answer) {
    // Absent: its message id is still known, and the message is not (purged). That mends itself.
    desk_.failed(item, {.reason = "the stored decision could not be read", .may_dead_letter = false});
    return;
  }
  const auto& request = *item->request;
  auto stored = messages::read_stored_decision(answer->payload);
  if (!stored || stored->tenant_id != request.tenant_id || stored->key != request.key) {
    refuse(item,
           {"internal", stored ? "the stored decision is of another tenant or key" : stored.error().message(),
            request.request_id, request.trace_id});
    return;
  }
  item->decision = std::move(*stored);
  store_assignment(item);
}

void DecideFlow::store_assignment(const ItemPtr& item) {
  const auto& decision = *item->decision;
  if (decision.assignment.empty()) {
    finish(item);
    return;
  }
  const auto& prefix =
      decision.assignment_subject.empty() ? parts_.config.assign.subject : decision.assignment_subject;
  auto publication = once_per_id(prefix, item->request->id, decision.assignment);
  publication.headers.add("tenant_id", decision.tenant_id);
  publication.headers.add("version", "1");
  if (!decision.trace_id.empty()) publication.headers.add("trace_id", decision.trace_id);
  parts_.broker.publish(publication, [this, item](const nats::PublishOutcome& outcome) {
    if (!item->ended) assignment_done(item, outcome);
  });
}

void DecideFlow::assignment_done(const ItemPtr& item, const nats::PublishOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::stored:
      parts_.slot.count(Counter::assignments);
      finish(item);
      return;
    case Kind::exists:
      finish(item);
      return;
    default:
      desk_.publish_failed(item, outcome, {.may_dead_letter = false});
  }
}

void DecideFlow::finish(const ItemPtr& item) {
  if (!reply(item, item->decision->response)) {
    desk_.park(item);
    return;
  }
  const auto received = item->pulled.received;
  if (!desk_.ack(item)) return;
  const auto now = squall::base::now();
  parts_.slot.record_latency(now - received, now);
}

void DecideFlow::refuse(const ItemPtr& item, const messages::Rejection& rejection) {
  parts_.slot.count(Counter::rejected);
  desk_.dead_letter(item, {.reason = rejection.code, .message = rejection.message},
                    [this, item, rejection] { reply(item, error_text(rejection)); });
}

// True when no reply is due, too.
bool DecideFlow::reply(const ItemPtr& item, const std::string& response) {
  const std::string to(item->pulled.message.headers.get(kReplyTo));
  if (to.empty()) return true;
  if (!messages::is_allowed_subject(to, parts_.config.allow.reply_subjects)) {
    parts_.log.warning("REPLY_SUBJECT_REFUSED", "a reply subject is not allowed; no reply is sent",
                       {{"subject", to}});
    return true;
  }
  if (!parts_.broker.send(to, response)) return false;
  parts_.slot.count(Counter::replies);
  return true;
}

}  // namespace router::roles
