#include "fault/nats_fault_kinds.h"

#include <fmt/format.h>

#include "base/invariant.h"
#include "fault/nats_presets.h"

namespace squall::fault {
namespace {

FieldDoc delay_field(bool required) {
  return {.name = "delay",
          .json = "delay_ms",
          .type = FieldType::kDuration,
          .meaning = "How much later",
          .standard = required ? "" : "0s",
          .required = required};
}

FieldDoc new_connections_field() {
  return {.name = "new_connections",
          .json = "new_connections",
          .type = FieldType::kFlag,
          .meaning = "Later connections as well, each when it is established",
          .standard = "false"};
}

FieldDoc text_field(const std::string& name, std::string meaning) {
  return {.name = name, .json = name, .type = FieldType::kText, .meaning = std::move(meaning)};
}

FieldDoc client_field() {
  return text_field("client", "Only of clients of this name (in CONNECT; * stands for anything)");
}
FieldDoc share_field() {
  return {.name = "share",
          .json = "probability",
          .type = FieldType::kShare,
          .meaning = "This part of them; which ones the seed says"};
}

// Which frames, and how many of them. A publish does not say its stream.
std::vector<FieldDoc> frame_fields(bool of_publishes) {
  std::vector<FieldDoc> fields{text_field("subject", "Only messages of this subject (* and > allowed)")};
  if (!of_publishes) {
    fields.push_back(text_field("stream", "Only of this stream"));
    fields.push_back(text_field("consumer", "Only of this consumer"));
  }
  fields.push_back(client_field());
  fields.push_back({.name = "first",
                    .json = "from",
                    .type = FieldType::kInteger,
                    .meaning = "The first matching frame that is struck",
                    .low = 1});
  fields.push_back(
      {.name = "each", .json = "every", .type = FieldType::kInteger, .meaning = "Then each n-th", .low = 1});
  fields.push_back({.name = "at_most",
                    .json = "count",
                    .type = FieldType::kInteger,
                    .meaning = "So many frames at most",
                    .low = 1});
  fields.push_back(share_field());
  return fields;
}

struct Words {
  std::string happens;
  std::string effect;
  std::vector<FieldDoc> own;
  bool of_connections = false;  // strikes connections, not frames
  std::string more;             // of the example
};

Words words_of(std::string_view preset) {
  if (preset == "ack_delay") {
    return {
        "The server counts messages as pending meanwhile, and delivers them again when the delay is longer "
        "than "
        "ack_wait. A good service is correct under redelivery",
        "acks that passed late are counted",
        {delay_field(true),
         {.name = "jitter",
          .json = "jitter_ms",
          .type = FieldType::kDuration,
          .meaning = "Plus or minus",
          .standard = "0s"}},
        false,
        "  delay: 300ms\n"};
  }
  if (preset == "ack_drop") {
    return {
        "Each message comes again after ack_wait, until an ack gets through or max_deliver is reached. A "
        "good "
        "service does the work once and acks every time",
        "acks that were swallowed are counted"};
  }
  if (preset == "nak_storm") {
    return {
        "Messages that are done come back at once, with rising delivery counts. A good service recognises "
        "them and "
        "acks again, cheaply",
        "acks that became -NAK are counted",
        {delay_field(false)}};
  }
  if (preset == "puback_drop") {
    return {
        "The publish times out although it is stored: its outcome is unknown, not failed. A good publisher "
        "repeats "
        "it with the same Nats-Msg-Id",
        "PubAcks that were swallowed are counted"};
  }
  if (preset == "puback_delay") {
    return {"The publisher is told after the delay; beyond its time-out, after it has given up",
            "PubAcks that passed late are counted",
            {delay_field(true),
             {.name = "jitter",
              .json = "jitter_ms",
              .type = FieldType::kDuration,
              .meaning = "Plus or minus",
              .standard = "0s"}},
            false,
            "  delay: 1500ms\n"};
  }
  if (preset == "publish_drop") {
    return {
        "A JetStream publisher times out and nothing is stored; a core publisher notices nothing. A good "
        "publisher "
        "repeats until it has a PubAck",
        "publishes that were swallowed are counted"};
  }
  if (preset == "deliver_drop") {
    return {
        "Messages of a consumer come again after ack_wait; core messages are lost. A good service has a "
        "deadline "
        "for each pull",
        "deliveries that were swallowed are counted"};
  }
  if (preset == "deliver_duplicate") {
    return {"The same delivery comes more than once. A good service does the work once",
            "deliveries that were doubled are counted",
            {{.name = "copies",
              .json = "copies",
              .type = FieldType::kInteger,
              .meaning = "Besides the message itself",
              .standard = "1",
              .low = 1,
              .high = 1000}}};
  }
  if (preset == "ping_drop") {
    return {
        "Everything else works, until each side has missed several pings and closes the connection as stale",
        "pings and pongs that were swallowed are counted"};
  }
  if (preset == "no_responders") {
    return {
        "Requests, pulls and JetStream publishes are answered with 503, as by a stream without a leader. A "
        "good "
        "client tries again later, not at once",
        "requests that were answered with 503 are counted"};
  }
  if (preset == "slow_consumer") {
    return {
        "The server cannot get rid of what it has for the client, and closes the connection as a slow "
        "consumer",
        "connections that are not read from any more are counted",
        {new_connections_field()},
        true};
  }
  if (preset == "stale_connection") {
    return {
        "The client gets -ERR 'Stale Connection', and the end. A good one reconnects, and repeats what was "
        "on its "
        "way",
        "connections that were ended are counted",
        {new_connections_field()},
        true};
  }
  if (preset == "disconnect_client") {
    return {
        "What was in flight in either direction is gone. A good client is back within its reconnect wait, "
        "repeats "
        "what was not acknowledged and continues its pulls",
        "connections that were ended are counted",
        {{.name = "reset",
          .json = "reset",
          .type = FieldType::kFlag,
          .meaning = "By RST instead of FIN",
          .standard = "false"},
         new_connections_field()},
        true};
  }
  if (preset == "permission_violation") {
    return {
        "The client gets -ERR 'Permissions Violation for Publish', the request times out, and the connection "
        "stays",
        "publishes that were refused are counted"};
  }
  SQUALL_CHECK(preset == "max_payload");
  return {
      "Publishes above a size are refused and the connection is closed, as by a server whose limit was "
      "lowered",
      "publishes that were refused are counted",
      {{.name = "bytes",
        .json = "bytes",
        .type = FieldType::kSize,
        .meaning = "Larger ones are refused",
        .required = true}},
      false,
      "  bytes: 64KiB\n"};
}

std::string capitalised(std::string_view text) {
  std::string result(text);
  result[0] = static_cast<char>(result[0] - ('a' <= result[0] && result[0] <= 'z' ? 'a' - 'A' : 0));
  return result;
}

KindDoc kind_of_preset(const NatsPreset& preset) {
  Words words = words_of(preset.name);
  const bool of_publishes =
      preset.name == "publish_drop" || preset.name == "permission_violation" || preset.name == "max_payload";
  const bool instant = preset.name == "stale_connection" || preset.name == "disconnect_client";
  KindDoc kind{.name = std::string(preset.name),
               .target = TargetKind::kLink,
               .summary = capitalised(preset.summary),
               .happens = std::move(words.happens),
               .effect = std::move(words.effect),
               .heal = instant
                           ? "Nothing to undo: the client reconnects"
                           : "The fault is removed after the time that `for` says, and what it held passes",
               .needs = "a process that Squall starts, or a link that an attached one dials",
               .fields = std::move(words.own),
               .active_json = "duration_ms",
               .active_required = !instant};
  const std::vector<FieldDoc> common = words.of_connections
                                           ? std::vector<FieldDoc>{client_field(), share_field()}
                                           : frame_fields(of_publishes);
  kind.fields.insert(kind.fields.end(), common.begin(), common.end());
  kind.example =
      fmt::format("- {}: orders\n{}{}", kind.name, words.more, instant ? "  when: 2s" : "  for: 4s");
  return kind;
}

}  // namespace

std::vector<KindDoc> nats_fault_kinds() {
  std::vector<KindDoc> kinds;
  for (const NatsPreset& preset : nats_presets()) kinds.push_back(kind_of_preset(preset));
  return kinds;
}

}  // namespace squall::fault
