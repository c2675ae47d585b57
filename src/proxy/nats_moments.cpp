#include "proxy/nats_moments.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "wire/subject.h"

namespace squall::proxy {
namespace {

using fault::Moment;
using fault::NatsKind;

NatsKind kind_at(Moment moment) {
  switch (moment) {
    case Moment::kBeforeAck:
    case Moment::kAfterAck:
      return NatsKind::kAck;
    case Moment::kAfterStore:
      return NatsKind::kPubAck;
    case Moment::kNthDelivery:
      return NatsKind::kDelivery;
  }
  return NatsKind::kConnection;
}

// Of a delivery it is the frame's own; an ack and a PubAck are about the message's.
std::string_view message_subject(const Sighting& sighting) {
  return sighting.kind == NatsKind::kDelivery ? sighting.subject : sighting.about;
}

bool name_matches(const std::string& pattern, std::string_view name) {
  return pattern.empty() || glob_matches(pattern, name);
}

bool meets(const MomentWatch& watch, const Sighting& sighting, const NatsTracker& tracker) {
  if (sighting.kind != kind_at(watch.moment)) return false;
  // A stream that refuses has stored nothing.
  if (watch.moment == Moment::kAfterStore && sighting.stream_seq == 0) return false;
  if (watch.delivered && sighting.delivered != *watch.delivered) return false;
  if (!watch.subject.empty() && !wire::subject_matches(watch.subject, message_subject(sighting)))
    return false;
  return name_matches(watch.stream, sighting.stream) && name_matches(watch.consumer, sighting.consumer) &&
         name_matches(watch.client, tracker.client_name());
}

}  // namespace

MomentWatch watch_of(const fault::AtMoment& at) {
  MomentWatch watch{.moment = at.moment, .subject = at.subject};
  const auto number = static_cast<std::uint64_t>(std::max(1, at.nth));
  if (at.moment == Moment::kNthDelivery) {
    watch.delivered = number;
  } else {
    watch.nth = number;
  }
  return watch;
}

std::string describe(const MomentEvent& event) {
  std::string text = fmt::format("{} of {}#{}", fault::name_of(event.moment), event.stream, event.stream_seq);
  if (!event.client.empty()) text += " by " + event.client;
  std::vector<std::string> more;
  if (!event.consumer.empty()) more.push_back(event.consumer);
  if (event.delivered > 0) more.push_back(fmt::format("delivery {}", event.delivered));
  if (!event.subject.empty()) more.push_back(event.subject);
  if (!more.empty()) text += fmt::format(" ({})", fmt::join(more, ", "));
  return text;
}

base::Result<std::uint64_t> Moments::arm(MomentWatch watch) {
  if (!watch.subject.empty() && !wire::is_valid_subject(watch.subject, {.wildcards = true})) {
    return base::fail("{}: {} is no subject pattern", fault::name_of(watch.moment), watch.subject);
  }
  if (watch.nth == 0) return base::fail("{}: nth counts from 1", fault::name_of(watch.moment));
  if (watch.longest <= base::Nanos{0}) {
    return base::fail("{}: the longest time must be above 0", fault::name_of(watch.moment));
  }
  armed_.push_back({.id = ++last_watch_, .watch = std::move(watch)});
  return last_watch_;
}

bool Moments::disarm(std::uint64_t watch) {
  return std::erase_if(armed_, [watch](const Armed& armed) { return armed.id == watch; }) > 0;
}

std::optional<Moments::Occurrence> Moments::occurs(std::uint64_t connection, const Sighting& sighting,
                                                   const NatsTracker& tracker) {
  for (auto armed = armed_.begin(); armed != armed_.end(); ++armed) {
    const MomentWatch& watch = armed->watch;
    if (!meets(watch, sighting, tracker) || ++armed->seen % watch.nth != 0) continue;
    Occurrence occurrence{.event = {.id = ++last_event_,
                                    .watch = armed->id,
                                    .moment = watch.moment,
                                    .connection = connection,
                                    .client = tracker.client_name(),
                                    .subject = std::string(message_subject(sighting)),
                                    .stream = std::string(sighting.stream),
                                    .consumer = std::string(sighting.consumer),
                                    .stream_seq = sighting.stream_seq,
                                    .delivered = sighting.delivered},
                          .longest = watch.longest,
                          .passes_first = watch.moment == Moment::kAfterAck};
    if (!watch.each) armed_.erase(armed);
    return occurrence;
  }
  return std::nullopt;
}

}  // namespace squall::proxy
