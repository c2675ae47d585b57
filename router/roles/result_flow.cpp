#include "router/roles/result_flow.h"

#include <utility>

#include "router/messages/decision.h"

namespace router::roles {

using board::Counter;
using Kind = nats::PublishOutcome::Kind;

ResultFlow::ResultFlow(const Parts& parts)
    : parts_(parts),
      desk_(parts.broker, parts.slot, parts.log,
            {.consumer = parts.config.result,
             .dlq_subject = parts.config.result.subject + "." + parts.config.subjects.dlq_suffix,
             .on_refused = parts.on_refused},
            [this](const auto& item) { work(std::static_pointer_cast<Item>(item)); }) {}

void ResultFlow::take(nats::PulledMessage pulled) { desk_.take(std::make_shared<Item>(std::move(pulled))); }

void ResultFlow::work(const ItemPtr& item) {
  if (!item->result) {
    auto result = messages::read_job_result(item->pulled.message.payload, parts_.config.limits.payload_bytes);
    if (!result) {
      refuse(item, result.error());
      return;
    }
    item->result = std::move(*result);
  }
  if (item->result->tenant_id.empty()) {
    find_tenant(item);
  } else {
    store_usage(item);
  }
}

// A result need not say whose it is: the decision behind its assignment knows.
void ResultFlow::find_tenant(const ItemPtr& item) {
  parts_.broker.read_last(
      parts_.config.decision.stream, parts_.config.decision.subject + "." + item->result->assignment_id,
      [this, item](const nats::StoredAnswer& answer) {
        if (item->ended) return;
        if (!answer) {
          desk_.failed(item, {.reason = "no decision is stored for this assignment",
                              .may_dead_letter = answer.error() == nats::NotRead::absent});
          return;
        }
        const auto stored = messages::read_stored_decision(answer->payload);
        if (!stored) {
          refuse(item, {"internal", stored.error().message(), item->result->request_id, ""});
          return;
        }
        item->result->tenant_id = stored->tenant_id;
        store_usage(item);
      });
}

void ResultFlow::store_usage(const ItemPtr& item) {
  const auto& id = item->result->assignment_id;
  parts_.broker.publish({.subject = parts_.config.usage.subject + "." + id,
                         .payload = messages::to_text(messages::usage_event(*item->result)),
                         .message_id = id,
                         .first_on_subject = true},
                        [this, item](const nats::PublishOutcome& outcome) {
                          if (!item->ended) usage_done(item, outcome);
                        });
}

void ResultFlow::usage_done(const ItemPtr& item, const nats::PublishOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::stored:
      parts_.slot.count(Counter::results);
      parts_.slot.count(Counter::usage);
      tell_breakers(*item->result);
      desk_.ack(item);
      return;
    case Kind::exists:
      desk_.ack(item);
      return;
    case Kind::impossible:
      refuse(item, {"invalid_request", "the usage event is " + outcome.text, item->result->request_id, ""});
      return;
    default:
      desk_.publish_failed(item, outcome, {});
  }
}

void ResultFlow::tell_breakers(const messages::JobResult& result) {
  if (result.status == messages::JobStatus::cancelled) return;  // says nothing about the provider
  parts_.broker.send(
      parts_.config.subjects.provider_outcome,
      messages::to_text(messages::ProviderOutcome{result.tenant_id, result.provider_id,
                                                  result.status == messages::JobStatus::success}));
}

void ResultFlow::refuse(const ItemPtr& item, const messages::Rejection& rejection) {
  parts_.slot.count(Counter::rejected);
  desk_.dead_letter(item, {.reason = rejection.code, .message = rejection.message});
}

}  // namespace router::roles
