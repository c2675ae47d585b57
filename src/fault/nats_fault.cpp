#include "fault/nats_fault.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/invariant.h"
#include "wire/subject.h"

namespace squall::fault {
namespace {

constexpr std::array kKindNames{
    std::pair{NatsKind::kPublish, "publish"},
    std::pair{NatsKind::kPull, "pull"},
    std::pair{NatsKind::kApiRequest, "api_request"},
    std::pair{NatsKind::kAck, "ack"},
    std::pair{NatsKind::kNak, "nak"},
    std::pair{NatsKind::kProgress, "progress"},
    std::pair{NatsKind::kTerm, "term"},
    std::pair{NatsKind::kPubAck, "pub_ack"},
    std::pair{NatsKind::kAnswer, "answer"},
    std::pair{NatsKind::kDelivery, "delivery"},
    std::pair{NatsKind::kStatus, "status"},
    std::pair{NatsKind::kMessage, "message"},
    std::pair{NatsKind::kSubscribe, "subscribe"},
    std::pair{NatsKind::kUnsubscribe, "unsubscribe"},
    std::pair{NatsKind::kPing, "ping"},
    std::pair{NatsKind::kPong, "pong"},
    std::pair{NatsKind::kInfo, "info"},
    std::pair{NatsKind::kConnect, "connect"},
    std::pair{NatsKind::kOk, "ok"},
    std::pair{NatsKind::kError, "error"},
    std::pair{NatsKind::kConnection, "connection"},
};

constexpr std::array<std::string_view, 12> kVerbs{"PUB",  "HPUB", "MSG",  "HMSG",    "SUB", "UNSUB",
                                                  "PING", "PONG", "INFO", "CONNECT", "+OK", "-ERR"};

struct Words {
  std::string operator()(const NatsDelay& delay) const {
    const std::string jitter =
        delay.jitter > base::Nanos{0} ? " ± " + base::format_duration(delay.jitter) : std::string();
    return fmt::format("delay by {}{}", base::format_duration(delay.delay), jitter);
  }
  std::string operator()(const NatsDrop&) const { return "drop"; }
  std::string operator()(const NatsDuplicate& duplicate) const {
    return duplicate.copies == 1 ? "pass twice" : fmt::format("pass {} times", duplicate.copies + 1);
  }
  std::string operator()(const NatsReorder&) const { return "swap with the next"; }
  std::string operator()(const NatsHold&) const { return "hold until heal"; }
  std::string operator()(const NatsCorrupt& corrupt) const {
    return fmt::format("corrupt {} byte{}", corrupt.bytes, corrupt.bytes == 1 ? "" : "s");
  }
  std::string operator()(const NatsSayError& error) const {
    return fmt::format("answer -ERR '{}'{}", error.text, error.disconnect ? " and disconnect" : "");
  }
  std::string operator()(const NatsDisconnect& disconnect) const {
    return disconnect.reset ? "reset the connection" : "disconnect the client";
  }
  std::string operator()(const NatsStopReading& stop) const {
    return stop.side == wire::Sender::kServer ? "read no more from the server"
                                              : "read no more from the client";
  }
  std::string operator()(const NatsNakInstead&) const { return "-NAK instead"; }
  std::string operator()(const NatsNoResponders&) const { return "answer 503 no responders"; }
  std::string operator()(const NatsReplaceAnswer&) const { return "replace the payload"; }
};

bool only(const NatsMatch& match, std::initializer_list<NatsKind> allowed) {
  return !match.kinds.empty() && std::ranges::all_of(match.kinds, [&](NatsKind kind) {
    return std::ranges::find(allowed, kind) != allowed.end();
  });
}

bool strikes_connections(const NatsMatch& match) {
  return std::ranges::find(match.kinds, NatsKind::kConnection) != match.kinds.end();
}

base::Result<void> validate_match(const NatsMatch& match) {
  if (!match.subject.empty() && !wire::is_valid_subject(match.subject, {.wildcards = true})) {
    return base::fail("match: {} is no subject pattern", match.subject);
  }
  for (const std::string& verb : match.verbs) {
    if (std::ranges::find(kVerbs, verb) == kVerbs.end()) return base::fail("match: unknown verb {}", verb);
  }
  if (match.connection == 0U) return base::fail("match: connections are numbered from 1");
  if (only(match, {NatsKind::kPublish}) && (!match.stream.empty() || !match.consumer.empty())) {
    return base::fail("match: a publish does not say its stream; match its subject");
  }
  if (!strikes_connections(match)) {
    if (match.new_connections) return base::fail("match: new_connections goes with the kind connection");
    return {};
  }
  if (match.kinds.size() > 1) return base::fail("match: connection stands alone, without other kinds");
  if (!match.verbs.empty() || !match.subject.empty() || !match.stream.empty() || !match.consumer.empty() ||
      match.larger_than) {
    return base::fail("match: a connection has neither verb, subject, stream, consumer nor size");
  }
  return {};
}

base::Result<void> validate_limit(const NatsLimit& limit) {
  if (limit.from == 0) return base::fail("limit: from counts from 1");
  if (limit.every == 0) return base::fail("limit: every must be at least 1");
  if (limit.count == 0U) return base::fail("limit: count must be at least 1");
  if (!(limit.probability > 0 && limit.probability <= 1)) {
    return base::fail("limit: probability must be above 0 and at most 1");
  }
  return {};
}

// Whether the action can be done to what is matched.
struct Fits {
  const NatsMatch& match;

  base::Result<void> frames_only(std::string_view what) const {
    if (strikes_connections(match)) return base::fail("{} needs a frame, not a connection", what);
    return {};
  }
  base::Result<void> operator()(const NatsDelay& delay) const {
    if (delay.delay <= base::Nanos{0} && delay.jitter <= base::Nanos{0}) {
      return base::fail("delay: delay_ms must be above 0");
    }
    return frames_only("delay");
  }
  base::Result<void> operator()(const NatsDrop&) const { return frames_only("drop"); }
  base::Result<void> operator()(const NatsDuplicate& duplicate) const {
    if (duplicate.copies < 1 || duplicate.copies > 1000)
      return base::fail("duplicate: copies must be 1 to 1000");
    return frames_only("duplicate");
  }
  base::Result<void> operator()(const NatsReorder& reorder) const {
    if (reorder.within <= base::Nanos{0}) return base::fail("reorder: within_ms must be above 0");
    return frames_only("reorder");
  }
  base::Result<void> operator()(const NatsHold&) const { return frames_only("hold"); }
  base::Result<void> operator()(const NatsCorrupt& corrupt) const {
    if (corrupt.bytes == 0) return base::fail("corrupt: bytes must be at least 1");
    return frames_only("corrupt");
  }
  base::Result<void> operator()(const NatsSayError& error) const {
    if (error.text.empty()) return base::fail("say_error: text is missing");
    if (error.text.find_first_of("\r\n") != std::string::npos)
      return base::fail("say_error: text has more lines");
    return {};
  }
  base::Result<void> operator()(const NatsDisconnect&) const { return {}; }
  base::Result<void> operator()(const NatsStopReading&) const { return {}; }
  base::Result<void> operator()(const NatsNakInstead&) const {
    if (only(match, {NatsKind::kAck, NatsKind::kProgress, NatsKind::kTerm})) return {};
    return base::fail("nak_instead: match must name kinds among ack, progress and term");
  }
  base::Result<void> operator()(const NatsNoResponders&) const {
    if (only(match, {NatsKind::kPublish, NatsKind::kPull, NatsKind::kApiRequest})) return {};
    return base::fail("no_responders: match must name kinds among publish, pull and api_request");
  }
  base::Result<void> operator()(const NatsReplaceAnswer& replace) const {
    if (replace.status != 0 && (replace.status < 100 || replace.status > 999)) {
      return base::fail("replace_answer: status must have three digits");
    }
    if (only(match, {NatsKind::kPubAck, NatsKind::kAnswer, NatsKind::kDelivery, NatsKind::kStatus,
                     NatsKind::kMessage})) {
      return {};
    }
    return base::fail(
        "replace_answer: match must name kinds among pub_ack, answer, delivery, status and message");
  }
};

}  // namespace

std::string_view name_of(NatsKind kind) {
  const auto at = std::ranges::find(kKindNames, kind, [](const auto& entry) { return entry.first; });
  SQUALL_CHECK(at != kKindNames.end());
  return at->second;
}

std::optional<NatsKind> nats_kind(std::string_view name) {
  for (const auto& [kind, text] : kKindNames) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::string_view kind_of(const NatsAction& action) {
  constexpr std::array<std::string_view, std::variant_size_v<NatsAction>> kNames{
      "delay",     "drop",       "duplicate",    "reorder",     "hold",          "corrupt",
      "say_error", "disconnect", "stop_reading", "nak_instead", "no_responders", "replace_answer"};
  return kNames[action.index()];
}

std::string describe(const NatsFault& fault) {
  std::vector<std::string> what;
  for (const NatsKind kind : fault.match.kinds) what.emplace_back(name_of(kind));
  if (what.empty()) what = fault.match.verbs;
  std::string text =
      fmt::format("{}: {}", std::visit(Words{}, fault.action),
                  what.empty() ? std::string("every frame") : fmt::format("{}", fmt::join(what, ", ")));
  if (!fault.match.stream.empty() || !fault.match.consumer.empty()) {
    text += fmt::format(" of {}{}{}", fault.match.stream.empty() ? "*" : fault.match.stream,
                        fault.match.consumer.empty() ? "" : "/", fault.match.consumer);
  }
  if (!fault.match.subject.empty()) text += fmt::format(" on {}", fault.match.subject);
  if (!fault.match.client.empty()) text += fmt::format(" by {}", fault.match.client);
  if (fault.match.connection) text += fmt::format(" on connection {}", *fault.match.connection);
  if (fault.match.larger_than) text += fmt::format(" larger than {} B", *fault.match.larger_than);
  if (fault.limit.from > 1) text += fmt::format(", from number {}", fault.limit.from);
  if (fault.limit.every > 1) text += fmt::format(", one of {}", fault.limit.every);
  if (fault.limit.probability < 1) text += fmt::format(", with probability {}", fault.limit.probability);
  if (fault.limit.count) text += fmt::format(", at most {}", *fault.limit.count);
  return text;
}

base::Result<void> validate(const NatsFault& fault) {
  const std::string where = fmt::format("fault {}", fault.name);
  if (fault.name.empty()) return base::fail("fault: name is missing");
  if (auto match = validate_match(fault.match); !match) return base::fail_within(where, match.error());
  if (auto limit = validate_limit(fault.limit); !limit) return base::fail_within(where, limit.error());
  if (auto fits = std::visit(Fits{fault.match}, fault.action); !fits)
    return base::fail_within(where, fits.error());
  return {};
}

}  // namespace squall::fault
