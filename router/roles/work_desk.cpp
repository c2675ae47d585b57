#include "router/roles/work_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace router::roles {
namespace {

using board::Counter;
using Kind = nats::PublishOutcome::Kind;

// Counts for messages that ended elsewhere would pile up; beyond this many all are forgotten, which only
// means more attempts.
constexpr std::size_t kMostFailures = 100'000;

}  // namespace

WorkDesk::WorkDesk(Broker& broker, board::Slot& slot, const observe::Log& log, Settings settings, Work work)
    : broker_(broker), slot_(slot), log_(log), settings_(std::move(settings)), work_(std::move(work)) {}

void WorkDesk::take(const std::shared_ptr<WorkItem>& item) {
  items_.insert(item);
  slot_.set_in_flight(static_cast<std::int64_t>(items_.size()));
  const auto& tokens = item->pulled.tokens;
  if (tokens.delivered > 1) slot_.count(Counter::jetstream_redelivery);
  // A message that kills whoever works on it is never seen failing, so it gets no dead letter: this is its
  // trace.
  if (tokens.delivered > static_cast<std::uint64_t>(settings_.consumer.attempts)) {
    log_.warning("DELIVERED_OFTEN", "message is delivered again and again",
                 {{"stream", settings_.consumer.stream},
                  {"stream_sequence", tokens.stream_sequence},
                  {"delivered", tokens.delivered}});
  }
  work_(item);
}

bool WorkDesk::ack(const std::shared_ptr<WorkItem>& item) {
  if (!item->acked_early && !broker_.ack(item->pulled)) {
    park(item);
    return false;
  }
  slot_.count(Counter::jetstream_ack);
  failures_.erase(item->pulled.tokens.stream_sequence);
  end(item);
  return true;
}

void WorkDesk::failed(const std::shared_ptr<WorkItem>& item, const Failure& failure) {
  if (!broker_.connected()) {
    park(item);
    return;
  }
  if (failures_.size() > kMostFailures) failures_.clear();
  const int attempt = ++failures_[item->pulled.tokens.stream_sequence];
  log_.debug("attempt failed", {{"stream_sequence", item->pulled.tokens.stream_sequence},
                                {"attempt", attempt},
                                {"reason", failure.reason}});
  if (attempt >= settings_.consumer.attempts && failure.may_dead_letter) {
    dead_letter(item, {.reason = "attempts_exhausted", .message = failure.reason, .with_payload = true},
                failure.before_ack);
    return;
  }
  nak(item, attempt);
}

void WorkDesk::nak(const std::shared_ptr<WorkItem>& item, int attempt) {
  const auto& delays = settings_.consumer.nak_delays;
  const auto which = std::min(static_cast<std::size_t>(attempt), delays.size());
  const auto delay = delays.empty() ? std::chrono::nanoseconds(0) : delays[which - 1];
  if (!item->acked_early && !broker_.nak(item->pulled, delay)) {
    park(item);
    return;
  }
  slot_.count(Counter::jetstream_nak);
  end(item);
}

void WorkDesk::dead_letter(const std::shared_ptr<WorkItem>& item, DeadLetter letter,
                           std::function<void()> before_ack) {
  const auto publication = dead_letter_publication(item->pulled, letter, settings_.dlq_subject);
  broker_.publish(publication, [this, item, letter = std::move(letter), before_ack = std::move(before_ack)](
                                   const nats::PublishOutcome& outcome) mutable {
    if (item->ended) return;
    switch (outcome.kind) {
      case Kind::stored:
      case Kind::exists:
        slot_.count(Counter::dlq);
        log_.warning("DEAD_LETTER", "message put into the dead letter queue",
                     {{"reason", letter.reason},
                      {"detail", letter.message},
                      {"stream_sequence", item->pulled.tokens.stream_sequence}});
        if (before_ack) before_ack();
        ack(item);
        return;
      case Kind::impossible:
        if (letter.with_payload) {  // too large with our headers: then without it
          letter.with_payload = false;
          dead_letter(item, std::move(letter), std::move(before_ack));
          return;
        }
        [[fallthrough]];
      default:
        publish_failed(item, outcome, {.reason = "dead letter: " + outcome.text, .may_dead_letter = false});
    }
  });
}

void WorkDesk::park(const std::shared_ptr<WorkItem>& item) {
  if (item->acked_early) {
    end(item);
    return;
  }
  item->parked = true;
}

void WorkDesk::publish_failed(const std::shared_ptr<WorkItem>& item, const nats::PublishOutcome& outcome,
                              Failure failure) {
  if (outcome.kind == Kind::disconnected) {
    // A new connection may stand already.
    park(item);
    if (broker_.connected()) connected();
    return;
  }
  slot_.count(outcome.kind == Kind::unknown ? Counter::publish_unknown : Counter::publish_failed);
  if (outcome.kind == Kind::refused && settings_.on_refused) settings_.on_refused();
  if (failure.reason.empty()) failure.reason = outcome.text;
  failed(item, failure);
}

void WorkDesk::connected() {
  std::vector<std::shared_ptr<WorkItem>> again;
  for (const auto& item : items_) {
    if (item->parked) again.push_back(item);
  }
  for (const auto& item : again) {
    item->parked = false;
    work_(item);
  }
}

void WorkDesk::tell_progress(squall::base::Instant now) {
  for (const auto& item : items_) {
    if (item->parked || item->acked_early || now - item->told_at < settings_.consumer.progress_after)
      continue;
    item->told_at = now;
    broker_.progress(item->pulled);
  }
}

void WorkDesk::ack_early(const std::shared_ptr<WorkItem>& item) {
  item->acked_early = broker_.ack(item->pulled);
}

void WorkDesk::ack_everything_unfinished() {
  for (const auto& item : std::vector(items_.begin(), items_.end())) {
    if (!item->acked_early) broker_.ack(item->pulled);
    end(item);
  }
}

void WorkDesk::end(const std::shared_ptr<WorkItem>& item) {
  item->ended = true;
  items_.erase(item);
  slot_.set_in_flight(static_cast<std::int64_t>(items_.size()));
}

}  // namespace router::roles
