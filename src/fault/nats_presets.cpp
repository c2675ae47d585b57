#include "fault/nats_presets.h"

#include <array>

namespace squall::fault {
namespace {

using nlohmann::json;
using wire::Sender;

// The preset's own attributes, with what is taken when they are not given.
struct Own {
  JsonFields& fields;
  std::optional<base::Error> error{};

  base::Nanos milliseconds(const char* name, std::optional<base::Nanos> otherwise = {}) {
    const auto value = fields.milliseconds(name);
    if (!value) return note(value.error()), base::Nanos{0};
    if (!*value && !otherwise) note(base::Error(fmt::format("{}: {} is missing", fields.where(), name)));
    return value->value_or(otherwise.value_or(base::Nanos{0}));
  }
  std::uint64_t count(const char* name, std::optional<std::uint64_t> otherwise = {}) {
    const auto value = fields.count(name);
    if (!value) return note(value.error()), 0;
    if (!*value && !otherwise) note(base::Error(fmt::format("{}: {} is missing", fields.where(), name)));
    return value->value_or(otherwise.value_or(0));
  }
  bool flag(const char* name, bool otherwise = false) {
    const auto value = fields.flag(name, otherwise);
    if (!value) return note(value.error()), otherwise;
    return *value;
  }
  void note(const base::Error& what) {
    if (!error) error = what;
  }
};

NatsDelay delay_of(Own& own) {
  const base::Nanos delay = own.milliseconds("delay_ms");
  return {.delay = delay, .jitter = own.milliseconds("jitter_ms", base::Nanos{0})};
}

NatsFault ack_delay(Own& own) {
  return {.match = {.kinds = {NatsKind::kAck}, .sender = Sender::kClient}, .action = delay_of(own)};
}
NatsFault ack_drop(Own&) {
  return {.match = {.kinds = {NatsKind::kAck}, .sender = Sender::kClient}, .action = NatsDrop{}};
}
NatsFault nak_storm(Own& own) {
  return {.match = {.kinds = {NatsKind::kAck}, .sender = Sender::kClient},
          .action = NatsNakInstead{.delay = own.milliseconds("delay_ms", base::Nanos{0})}};
}
NatsFault puback_drop(Own&) {
  return {.match = {.kinds = {NatsKind::kPubAck}, .sender = Sender::kServer}, .action = NatsDrop{}};
}
NatsFault puback_delay(Own& own) {
  return {.match = {.kinds = {NatsKind::kPubAck}, .sender = Sender::kServer}, .action = delay_of(own)};
}
NatsFault publish_drop(Own&) {
  return {.match = {.kinds = {NatsKind::kPublish}, .sender = Sender::kClient}, .action = NatsDrop{}};
}
NatsFault deliver_drop(Own&) {
  return {.match = {.kinds = {NatsKind::kDelivery, NatsKind::kMessage}, .sender = Sender::kServer},
          .action = NatsDrop{}};
}
NatsFault deliver_duplicate(Own& own) {
  return {.match = {.kinds = {NatsKind::kDelivery, NatsKind::kMessage}, .sender = Sender::kServer},
          .action = NatsDuplicate{.copies = own.count("copies", 1)}};
}
NatsFault ping_drop(Own&) {
  return {.match = {.kinds = {NatsKind::kPing, NatsKind::kPong}}, .action = NatsDrop{}};
}
NatsFault no_responders(Own&) {
  return {.match = {.kinds = {NatsKind::kPublish, NatsKind::kPull, NatsKind::kApiRequest},
                    .sender = Sender::kClient},
          .action = NatsNoResponders{}};
}
NatsFault slow_consumer(Own& own) {
  return {.match = {.kinds = {NatsKind::kConnection}, .new_connections = own.flag("new_connections")},
          .action = NatsStopReading{.side = Sender::kServer}};
}
NatsFault stale_connection(Own& own) {
  return {.match = {.kinds = {NatsKind::kConnection}, .new_connections = own.flag("new_connections")},
          .action = NatsSayError{.text = "Stale Connection", .disconnect = true}};
}
NatsFault disconnect_client(Own& own) {
  const NatsDisconnect disconnect{.reset = own.flag("reset")};
  return {.match = {.kinds = {NatsKind::kConnection}, .new_connections = own.flag("new_connections")},
          .action = disconnect};
}
NatsFault permission_violation(Own&) {
  return {.match = {.kinds = {NatsKind::kPublish}, .sender = Sender::kClient},
          .action = NatsSayError{.text = "Permissions Violation for Publish to \"{subject}\""}};
}
NatsFault max_payload(Own& own) {
  return {
      .match = {.kinds = {NatsKind::kPublish}, .sender = Sender::kClient, .larger_than = own.count("bytes")},
      .action = NatsSayError{.text = "Maximum Payload Violation", .disconnect = true}};
}

struct Entry {
  NatsPreset preset;
  NatsFault (*make)(Own&);
};
constexpr std::array kEntries{
    Entry{{"ack_delay", "acks reach the server late"}, ack_delay},
    Entry{{"ack_drop", "acks never reach the server"}, ack_drop},
    Entry{{"nak_storm", "the server gets a -NAK for each ack"}, nak_storm},
    Entry{{"puback_drop", "stored, but the publisher is never told"}, puback_drop},
    Entry{{"puback_delay", "stored, and the publisher is told late"}, puback_delay},
    Entry{{"publish_drop", "publishes never reach the server"}, publish_drop},
    Entry{{"deliver_drop", "messages never reach the client"}, deliver_drop},
    Entry{{"deliver_duplicate", "messages reach the client more than once"}, deliver_duplicate},
    Entry{{"ping_drop", "neither PING nor PONG passes: each side takes the other for dead"}, ping_drop},
    Entry{{"no_responders", "requests are answered with 503"}, no_responders},
    Entry{{"slow_consumer", "the server cannot get rid of what it has for the client"}, slow_consumer},
    Entry{{"stale_connection", "the server seems to close the connection as stale"}, stale_connection},
    Entry{{"disconnect_client", "the connection is closed"}, disconnect_client},
    Entry{{"permission_violation", "publishes are refused, the connection stays"}, permission_violation},
    Entry{{"max_payload", "publishes above a size are refused, and the connection is closed"}, max_payload},
};

base::Result<void> read_common(JsonFields& fields, NatsFault& fault) {
  const std::array<std::pair<const char*, std::string*>, 4> texts{{{"subject", &fault.match.subject},
                                                                   {"client", &fault.match.client},
                                                                   {"stream", &fault.match.stream},
                                                                   {"consumer", &fault.match.consumer}}};
  for (const auto& [name, into] : texts) {
    auto text = fields.text(name, "");
    if (!text) return std::unexpected(text.error());
    *into = *std::move(text);
  }
  const std::array<std::pair<const char*, std::uint64_t*>, 2> counts{
      {{"from", &fault.limit.from}, {"every", &fault.limit.every}}};
  for (const auto& [name, into] : counts) {
    const auto count = fields.count(name);
    if (!count) return std::unexpected(count.error());
    *into = count->value_or(*into);
  }
  const auto connection = fields.count("connection");
  if (!connection) return std::unexpected(connection.error());
  fault.match.connection = *connection;
  const auto count = fields.count("count");
  if (!count) return std::unexpected(count.error());
  fault.limit.count = *count;
  const auto probability = fields.number("probability");
  if (!probability) return std::unexpected(probability.error());
  fault.limit.probability = probability->value_or(1.0);
  return {};
}

}  // namespace

std::span<const NatsPreset> nats_presets() {
  static const auto presets = [] {
    std::array<NatsPreset, kEntries.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kEntries[i].preset;
    return all;
  }();
  return presets;
}

base::Result<NatsFault> nats_preset(std::string name, std::string_view preset, const json& attributes) {
  if (!attributes.is_object()) return base::fail("{}: the attributes must be an object", preset);
  for (const Entry& entry : kEntries) {
    if (entry.preset.name != preset) continue;
    JsonFields fields(attributes, std::string(preset));
    Own own{fields};
    NatsFault fault = entry.make(own);
    if (own.error) return std::unexpected(*own.error);
    fault.name = std::move(name);
    if (auto common = read_common(fields, fault); !common) return std::unexpected(common.error());
    if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
    if (auto valid = validate(fault); !valid) return std::unexpected(valid.error());
    return fault;
  }
  return base::fail("there is no preset {}", preset);
}

}  // namespace squall::fault
