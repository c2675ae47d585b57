#include "proxy/nats_decision.h"

#include "wire/frame_writer.h"

namespace squall::proxy {
namespace {

using Fate = NatsDecision::Fate;

std::string_view payload_of(const wire::Frame& frame) {
  if (const auto* pub = std::get_if<wire::Pub>(&frame)) return pub->payload;
  if (const auto* msg = std::get_if<wire::Msg>(&frame)) return msg->payload;
  return {};
}

// The frame with another payload, as bytes.
std::string with_payload(const wire::Frame& frame, std::string_view payload, std::string_view headers) {
  wire::Frame changed = frame;
  if (auto* pub = std::get_if<wire::Pub>(&changed)) {
    pub->payload = payload;
    pub->headers = headers;
  } else if (auto* msg = std::get_if<wire::Msg>(&changed)) {
    msg->payload = payload;
    msg->headers = headers;
  }
  std::string bytes;
  wire::append_frame(bytes, changed);
  return bytes;
}

std::string_view headers_of(const wire::Frame& frame) {
  if (const auto* pub = std::get_if<wire::Pub>(&frame)) return pub->headers;
  if (const auto* msg = std::get_if<wire::Msg>(&frame)) return msg->headers;
  return {};
}

std::string with_subject(std::string text, std::string_view subject) {
  constexpr std::string_view kPlace = "{subject}";
  if (const std::size_t at = text.find(kPlace); at != std::string::npos) {
    text.replace(at, kPlace.size(), subject);
  }
  return text;
}

struct CarryOut {
  const Struck& struck;

  NatsDecision operator()(const fault::NatsDelay& delay) const {
    const double side = 2 * struck.seed.unit() - 1;  // [-1, 1)
    const auto jitter = std::chrono::duration_cast<base::Nanos>(delay.jitter * side);
    return {.fate = Fate::kDelay, .delay = std::max(base::Nanos{0}, delay.delay + jitter)};
  }
  NatsDecision operator()(const fault::NatsDrop&) const { return {.fate = Fate::kDrop}; }
  NatsDecision operator()(const fault::NatsDuplicate& duplicate) const {
    return {.copies = duplicate.copies};
  }
  NatsDecision operator()(const fault::NatsReorder& reorder) const {
    return {.fate = Fate::kSwap, .delay = reorder.within};
  }
  NatsDecision operator()(const fault::NatsHold&) const { return {.fate = Fate::kHold}; }
  NatsDecision operator()(const fault::NatsCorrupt& corrupt) const {
    std::string payload(payload_of(struck.frame));
    for (std::uint64_t i = 0; i < corrupt.bytes; ++i) {
      const base::Seed seed = struck.seed.derive(i);
      const std::size_t place = seed.below(payload.size());
      const auto flip = static_cast<unsigned char>(1U << seed.derive("bit").below(8));
      payload[place] = static_cast<char>(static_cast<unsigned char>(payload[place]) ^ flip);
    }
    return {.instead = with_payload(struck.frame, payload, headers_of(struck.frame))};
  }
  NatsDecision operator()(const fault::NatsSayError& error) const {
    NatsDecision decision{.fate = Fate::kDrop};
    const std::string text = with_subject(error.text, struck.sighting.subject);
    wire::append_frame(decision.answer, wire::Err{text});
    if (error.disconnect) decision.end = NatsDecision::End::kClose;
    return decision;
  }
  NatsDecision operator()(const fault::NatsDisconnect& disconnect) const {
    return {.fate = Fate::kDrop,
            .end = disconnect.reset ? NatsDecision::End::kReset : NatsDecision::End::kClose};
  }
  NatsDecision operator()(const fault::NatsStopReading& stop) const { return {.stop_reading = stop.side}; }
  NatsDecision operator()(const fault::NatsNakInstead& nak) const {
    return {.instead = with_payload(struck.frame, wire::nak_payload(nak.delay), {})};
  }
  NatsDecision operator()(const fault::NatsNoResponders&) const {
    NatsDecision decision{.fate = Fate::kDrop};
    const auto sid = struck.tracker.sid_for(struck.sighting.reply);
    if (!sid) return decision;  // nobody waits for it any more
    wire::append_frame(
        decision.answer,
        wire::Msg{.subject = struck.sighting.reply, .sid = *sid, .headers = "NATS/1.0 503\r\n\r\n"});
    return decision;
  }
  NatsDecision operator()(const fault::NatsReplaceAnswer& replace) const {
    const std::string status =
        replace.status == 0 ? std::string() : fmt::format("NATS/1.0 {}\r\n\r\n", replace.status);
    return {.instead = with_payload(struck.frame, replace.payload,
                                    struck.tracker.takes_headers() ? status : std::string_view{})};
  }
};

struct CanBeDone {
  const wire::Frame& frame;

  bool operator()(const fault::NatsCorrupt&) const { return !payload_of(frame).empty(); }
  // A server that refuses speaks to the client: what the server itself sent cannot be refused.
  bool operator()(const fault::NatsNoResponders&) const {
    const auto* pub = std::get_if<wire::Pub>(&frame);
    return pub != nullptr && !pub->reply.empty();
  }
  bool operator()(const auto&) const { return true; }
};

}  // namespace

bool can_be_done(const fault::NatsAction& action, const wire::Frame& frame) {
  return std::visit(CanBeDone{frame}, action);
}

NatsDecision carry_out(const fault::NatsAction& action, const Struck& struck) {
  return std::visit(CarryOut{struck}, action);
}

}  // namespace squall::proxy
