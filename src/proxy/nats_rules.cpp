#include "proxy/nats_rules.h"

#include <algorithm>

#include "proxy/nats_decision.h"
#include "wire/subject.h"

namespace squall::proxy {
namespace {

using fault::NatsKind;

bool verb_matches(std::string_view wanted, std::string_view verb) {
  return wanted == verb || (verb == "HPUB" && wanted == "PUB") || (verb == "HMSG" && wanted == "MSG");
}

bool name_matches(std::string_view pattern, std::string_view name) {
  return pattern.empty() || (!name.empty() && glob_matches(pattern, name));
}

bool is_handshake(NatsKind kind) {
  return kind == NatsKind::kInfo || kind == NatsKind::kConnect || kind == NatsKind::kPing ||
         kind == NatsKind::kPong || kind == NatsKind::kOk || kind == NatsKind::kError;
}

bool is_about_connections(const fault::NatsFault& fault) {
  return std::ranges::find(fault.match.kinds, NatsKind::kConnection) != fault.match.kinds.end();
}

bool kind_among(const fault::NatsFault& fault, std::initializer_list<NatsKind> kinds) {
  if (fault.match.kinds.empty()) return true;
  return std::ranges::any_of(fault.match.kinds,
                             [&](NatsKind kind) { return std::ranges::find(kinds, kind) != kinds.end(); });
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // where to go back to
  std::size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches(const fault::NatsMatch& match, const FrameAt& at, const Sighting& sighting,
             const wire::Frame& frame, const NatsTracker& tracker) {
  if (!match.kinds.empty() && std::ranges::find(match.kinds, sighting.kind) == match.kinds.end())
    return false;
  if (match.sender && *match.sender != at.sender) return false;
  if (match.connection && *match.connection != at.connection) return false;
  if (!match.handshake && is_handshake(sighting.kind) && !tracker.established()) return false;
  if (match.larger_than && sighting.size <= *match.larger_than) return false;
  if (!match.verbs.empty()) {
    const std::string_view verb = wire::verb_name(frame);
    const auto same = [verb](const std::string& wanted) { return verb_matches(wanted, verb); };
    if (std::ranges::none_of(match.verbs, same)) return false;
  }
  if (!match.subject.empty() && !wire::subject_matches(match.subject, sighting.subject) &&
      !wire::subject_matches(match.subject, sighting.about)) {
    return false;
  }
  return name_matches(match.stream, sighting.stream) && name_matches(match.consumer, sighting.consumer) &&
         name_matches(match.client, tracker.client_name());
}

base::Result<NatsFaultId> NatsRules::add(fault::NatsFault fault) {
  if (auto valid = fault::validate(fault); !valid) return std::unexpected(valid.error());
  for (const Status& rule : rules_) {
    if (rule.fault.name == fault.name) return base::fail("there is a fault {} already", fault.name);
  }
  rules_.push_back({.id = ++last_id_, .fault = std::move(fault)});
  return last_id_;
}

std::optional<NatsFaultId> NatsRules::remove(std::string_view name) {
  const auto at =
      std::ranges::find_if(rules_, [name](const Status& rule) { return rule.fault.name == name; });
  if (at == rules_.end()) return std::nullopt;
  const NatsFaultId id = at->id;
  rules_.erase(at);
  return id;
}

NatsTracker::Needs NatsRules::needs() const {
  NatsTracker::Needs needs;
  for (const Status& rule : rules_) {
    const auto& match = rule.fault.match;
    // By their content alone, PubAcks are found, but neither their subject nor other answers.
    needs.answers = needs.answers || kind_among(rule.fault, {NatsKind::kPubAck, NatsKind::kAnswer});
    needs.deliveries =
        needs.deliveries ||
        (!match.subject.empty() &&
         kind_among(rule.fault, {NatsKind::kAck, NatsKind::kNak, NatsKind::kProgress, NatsKind::kTerm}));
  }
  return needs;
}

bool NatsRules::strikes(Status& rule, const FrameAt& at) const {
  ++rule.matched;
  const fault::NatsLimit& limit = rule.fault.limit;
  if (limit.count && rule.struck >= *limit.count) return false;
  if (rule.matched < limit.from || (rule.matched - limit.from) % limit.every != 0) return false;
  if (limit.probability < 1) {
    const base::Seed chosen = seed_.derive(rule.fault.name)
                                  .derive(at.connection)
                                  .derive(at.sender == wire::Sender::kClient ? 0U : 1U)
                                  .derive(at.frame);
    if (chosen.unit() >= limit.probability) return false;
  }
  ++rule.struck;
  return true;
}

NatsDecision NatsRules::decide(const FrameAt& at, const Sighting& sighting, const wire::Frame& frame,
                               const NatsTracker& tracker) {
  for (Status& rule : rules_) {
    if (is_about_connections(rule.fault) || !matches(rule.fault.match, at, sighting, frame, tracker))
      continue;
    if (!can_be_done(rule.fault.action, frame)) continue;
    if (!strikes(rule, at)) continue;
    const base::Seed seed =
        seed_.derive(rule.fault.name).derive("action").derive(at.connection).derive(at.frame);
    NatsDecision decision = carry_out(rule.fault.action, {sighting, frame, tracker, seed});
    decision.fault = rule.id;
    return decision;
  }
  return {};
}

std::vector<NatsDecision> NatsRules::decide_connection(std::uint64_t connection, const NatsTracker& tracker,
                                                       bool is_new, std::optional<NatsFaultId> only) {
  std::vector<NatsDecision> decisions;
  const FrameAt at{.connection = connection, .sender = wire::Sender::kServer, .frame = 0};
  const Sighting sighting{.kind = NatsKind::kConnection};
  const wire::Frame none = wire::Ok{};
  for (Status& rule : rules_) {
    if (!is_about_connections(rule.fault) || (only && rule.id != *only)) continue;
    if (is_new && !rule.fault.match.new_connections) continue;
    if (!matches(rule.fault.match, at, sighting, none, tracker) || !strikes(rule, at)) continue;
    decisions.push_back(carry_out(rule.fault.action, {sighting, none, tracker, seed_}));
    decisions.back().fault = rule.id;
  }
  return decisions;
}

}  // namespace squall::proxy
