#include "proxy/nats_tracker.h"

#include "wire/headers.h"
#include "wire/server_info.h"
#include "wire/subject.h"

namespace squall::proxy {
namespace {

using fault::NatsKind;

// Beyond it, further subscriptions are not remembered: their requests cannot be answered with a 503.
constexpr std::size_t kMostSubscriptions = 64 * 1024;

NatsKind kind_of(wire::AckVerb verb) {
  switch (verb) {
    case wire::AckVerb::kAck:
    case wire::AckVerb::kNext:
      return NatsKind::kAck;
    case wire::AckVerb::kNak:
      return NatsKind::kNak;
    case wire::AckVerb::kProgress:
      return NatsKind::kProgress;
    case wire::AckVerb::kTerm:
      return NatsKind::kTerm;
  }
  return NatsKind::kAck;
}

// Cheap, and right for what nats-server writes; parse_pub_ack has the last word.
bool looks_like_pub_ack(std::string_view payload) {
  return payload.size() < 4096 &&
         (payload.starts_with(R"({"stream":)") || payload.starts_with(R"({"error":)"));
}

}  // namespace

void FadingMap::put(std::string_view key, std::string_view value) {
  if (young_.size() >= half_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.insert_or_assign(std::string(key), std::string(value));
}

std::optional<std::string_view> FadingMap::find(std::string_view key) const {
  for (const Map* map : {&young_, &old_}) {
    if (const auto at = map->find(key); at != map->end()) return at->second;
  }
  return std::nullopt;
}

bool FadingMap::take(std::string_view key, std::string& into) {
  for (Map* map : {&young_, &old_}) {
    const auto at = map->find(key);
    if (at == map->end()) continue;
    into = std::move(at->second);
    map->erase(at);
    return true;
  }
  return false;
}

void NatsTracker::subscribe(const wire::Sub& sub) {
  if (subscriptions_.size() >= kMostSubscriptions) return;
  subscriptions_.insert_or_assign(std::string(sub.sid), Subscription{.subject = std::string(sub.subject)});
}

void NatsTracker::unsubscribe(const wire::Unsub& unsub) {
  const auto at = subscriptions_.find(unsub.sid);
  if (at == subscriptions_.end()) return;
  if (unsub.max_messages.value_or(0) == 0) {
    if (at->second.left > 0) --ending_;
    subscriptions_.erase(at);
    return;
  }
  if (at->second.left == 0) ++ending_;
  at->second.left = *unsub.max_messages;
}

void NatsTracker::delivered_to(std::string_view sid) {
  const auto at = subscriptions_.find(sid);
  if (at == subscriptions_.end() || at->second.left == 0) return;
  if (--at->second.left > 0) return;
  subscriptions_.erase(at);
  --ending_;
}

std::optional<std::string_view> NatsTracker::sid_for(std::string_view subject) const {
  for (const auto& [sid, subscription] : subscriptions_) {
    if (wire::subject_matches(subscription.subject, subject)) return sid;
  }
  return std::nullopt;
}

void NatsTracker::pass(wire::Sender sender, const wire::Frame& frame) {
  if (const auto* msg = std::get_if<wire::Msg>(&frame)) {
    if (ending_ > 0) delivered_to(msg->sid);
  } else if (const auto* sub = std::get_if<wire::Sub>(&frame)) {
    subscribe(*sub);
    established_ = true;
  } else if (const auto* unsub = std::get_if<wire::Unsub>(&frame)) {
    unsubscribe(*unsub);
  } else if (const auto* connect = std::get_if<wire::Connect>(&frame)) {
    if (const auto client = wire::parse_client_info(connect->json)) {
      client_name_ = client->name;
      takes_headers_ = client->headers;
    }
  } else if (std::holds_alternative<wire::Pub>(frame)) {
    established_ = true;
  } else if (std::holds_alternative<wire::Pong>(frame)) {
    established_ = established_ || sender == wire::Sender::kServer;
  }
}

Sighting NatsTracker::see_publish(const wire::Pub& pub) {
  Sighting sighting{.kind = NatsKind::kPublish,
                    .subject = pub.subject,
                    .reply = pub.reply,
                    .size = pub.headers.size() + pub.payload.size()};
  if (!pub.subject.starts_with("$JS.")) {
    if (needs_.answers && !pub.reply.empty()) publishes_.put(pub.reply, pub.subject);
    return sighting;
  }
  sighting.kind = NatsKind::kApiRequest;
  if (const auto ack = wire::parse_ack_subject(pub.subject)) {
    const auto verb = wire::parse_ack_verb(pub.payload);
    if (!verb) return sighting;
    sighting.kind = kind_of(*verb);
    sighting.stream = ack->stream;
    sighting.consumer = ack->consumer;
    sighting.stream_seq = ack->stream_seq;
    sighting.delivered = ack->delivered;
    if (*verb == wire::AckVerb::kProgress) {
      about_ = deliveries_.find(pub.subject).value_or(std::string_view{});
      sighting.about = about_;
    } else if (deliveries_.take(pub.subject, about_)) {
      sighting.about = about_;
    }
  } else if (const auto api = wire::parse_api_subject(pub.subject)) {
    const bool is_pull = api->operation == "CONSUMER.MSG.NEXT";
    if (is_pull) sighting.kind = NatsKind::kPull;
    sighting.stream = api->stream;
    sighting.consumer = api->consumer;
    if (needs_.answers && !is_pull && !pub.reply.empty()) requests_.put(pub.reply, pub.subject);
  }
  return sighting;
}

// Whether it answers what this client asked; by its content where that is not known.
bool NatsTracker::is_answer(const wire::Msg& msg, Sighting& sighting) {
  const bool of_publish = publishes_.take(msg.subject, about_);
  if (of_publish || (msg.reply.empty() && msg.subject.starts_with("_INBOX."))) {
    if (msg.headers.empty() && looks_like_pub_ack(msg.payload)) {
      auto parsed = wire::parse_pub_ack(msg.payload);
      if (parsed && (parsed->stored() || parsed->has_error)) {
        pub_ack_ = *std::move(parsed);
        sighting.kind = NatsKind::kPubAck;
        sighting.stream = pub_ack_.stream;
        sighting.stream_seq = pub_ack_.seq;
        if (of_publish) sighting.about = about_;
        return true;
      }
    }
  }
  if (of_publish) {
    sighting.kind = NatsKind::kAnswer;
    sighting.about = about_;
    return true;
  }
  if (!requests_.take(msg.subject, about_)) return false;
  sighting.kind = NatsKind::kAnswer;
  sighting.about = about_;
  if (const auto api = wire::parse_api_subject(about_)) {
    sighting.stream = api->stream;
    sighting.consumer = api->consumer;
  }
  return true;
}

Sighting NatsTracker::see_message(const wire::Msg& msg) {
  Sighting sighting{.kind = NatsKind::kMessage,
                    .subject = msg.subject,
                    .reply = msg.reply,
                    .size = msg.headers.size() + msg.payload.size()};
  if (const auto ack = wire::parse_ack_subject(msg.reply)) {
    sighting.kind = NatsKind::kDelivery;
    sighting.stream = ack->stream;
    sighting.consumer = ack->consumer;
    sighting.stream_seq = ack->stream_seq;
    sighting.delivered = ack->delivered;
    if (needs_.deliveries) deliveries_.put(msg.reply, msg.subject);
    return sighting;
  }
  if (is_answer(msg, sighting)) return sighting;
  if (msg.payload.empty() && wire::header_status(msg.headers) != 0) sighting.kind = NatsKind::kStatus;
  return sighting;
}

struct NatsTracker::See {
  NatsTracker& tracker;

  Sighting operator()(const wire::Info&) const { return {.kind = NatsKind::kInfo}; }
  Sighting operator()(const wire::Connect&) const { return {.kind = NatsKind::kConnect}; }
  Sighting operator()(const wire::Pub& pub) const { return tracker.see_publish(pub); }
  Sighting operator()(const wire::Msg& msg) const { return tracker.see_message(msg); }
  Sighting operator()(const wire::Sub& sub) const {
    return {.kind = NatsKind::kSubscribe, .subject = sub.subject};
  }
  Sighting operator()(const wire::Unsub&) const { return {.kind = NatsKind::kUnsubscribe}; }
  Sighting operator()(const wire::Ping&) const { return {.kind = NatsKind::kPing}; }
  Sighting operator()(const wire::Pong&) const { return {.kind = NatsKind::kPong}; }
  Sighting operator()(const wire::Ok&) const { return {.kind = NatsKind::kOk}; }
  Sighting operator()(const wire::Err&) const { return {.kind = NatsKind::kError}; }
};

Sighting NatsTracker::see(wire::Sender sender, const wire::Frame& frame) {
  pass(sender, frame);
  return std::visit(See{*this}, frame);
}

}  // namespace squall::proxy
