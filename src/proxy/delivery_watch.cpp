#include "proxy/delivery_watch.h"

#include <cctype>
#include <charconv>

#include "wire/jetstream_wire.h"

namespace squall::proxy {
namespace {

std::optional<std::uint64_t> read_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// What may not stand beside an identity: there it is a part of something longer.
bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; }

}  // namespace

void DeliveryWatch::see(const wire::Frame& frame, base::Instant now) {
  if (const auto* msg = std::get_if<wire::Msg>(&frame)) {
    delivery(*msg, now);
  } else if (const auto* pub = std::get_if<wire::Pub>(&frame)) {
    ack(*pub);
  }
}

void DeliveryWatch::delivery(const wire::Msg& msg, base::Instant now) {
  if (const auto ack = wire::parse_ack_subject(msg.reply)) {
    if (ack->stream != watched_.stream || ack->consumer != watched_.consumer) return;
    for (const std::string_view part : {msg.headers, msg.payload, msg.subject}) {
      const auto number = number_in(part);
      if (!number) continue;
      handed_.put(msg.reply, std::to_string(*number));
      seen_.push_back(
          {.number = *number, .stream_seq = ack->stream_seq, .delivered = ack->delivered, .at = now});
      return;
    }
    return;
  }
  // A confirmation is empty; so is a 503, but for its header.
  if (!msg.payload.empty() || !msg.headers.empty() || !confirms_.take(msg.subject, ack_subject_)) return;
  const auto digits = handed_.find(ack_subject_);
  const auto ack = wire::parse_ack_subject(ack_subject_);
  const auto number = digits ? read_number(*digits) : std::nullopt;
  if (!number || !ack) return;
  seen_.push_back({.number = *number, .stream_seq = ack->stream_seq, .delivered = 0, .at = now});
}

void DeliveryWatch::ack(const wire::Pub& pub) {
  if (pub.reply.empty() || !pub.subject.starts_with("$JS.ACK.")) return;
  if (wire::parse_ack_verb(pub.payload) != wire::AckVerb::kAck || !handed_.find(pub.subject)) return;
  confirms_.put(pub.reply, pub.subject);
}

std::optional<std::uint64_t> DeliveryWatch::number_in(std::string_view text) const {
  const std::string& prefix = watched_.key_prefix;
  for (std::size_t at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1)) {
    if (at > 0 && goes_on(text[at - 1])) continue;
    const std::string_view rest = text.substr(at + prefix.size());
    std::size_t digits = 0;
    while (digits < rest.size() && std::isdigit(static_cast<unsigned char>(rest[digits])) != 0) ++digits;
    if (digits == 0 || (digits < rest.size() && goes_on(rest[digits]))) continue;
    if (const auto number = read_number(rest.substr(0, digits))) return number;
  }
  return std::nullopt;
}

}  // namespace squall::proxy
