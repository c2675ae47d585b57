// The `workload:` section.
#include <algorithm>
#include <sstream>

#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"
#include "ledger/record.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// "orders.${id}" is a subject once the variable is a token, "orders.{0..9}" are ten.
bool is_input_subject(std::string_view given) {
  const auto all = expand_range(given);
  if (!all) return false;
  const auto filled = fill_in(all->front(), [](const std::string&) { return "x"; });
  return filled && is_subject(*filled);
}

// So much, the identity in it needs at most.
constexpr std::int64_t kLeastOwnSize = 100;
constexpr std::string_view kAllOfPayload = "all";

bool is_carried(std::string_view text) { return text == kAllOfPayload || is_json_pointer(text); }

bool has_identity(std::string_view text) { return text.find("${id}") != std::string_view::npos; }

Shape<Payload> payload_shape() {
  auto table = std::make_shared<Table<Payload>>();
  table->field(
      {.name = "file", .meaning = "Your own messages: one a line (.jsonl), or the whole file is one"},
      &Payload::file, path());
  table->field(
      {.name = "text", .meaning = "Or a template; ${id}, ${number} and ${time} are new for each input"},
      &Payload::text, text("text", RunVariables::kInput));
  table->field(
      {.name = "size", .meaning = "Or JSON of so many bytes with the identity at /id, several sizes in turn"},
      &Payload::sizes, one_or_more(size_range({kLeastOwnSize, 64 * 1024 * 1024})));
  table->field({.name = "set", .meaning = "What is replaced in each message: a JSON pointer and its text"},
               &Payload::set,
               pairs("mapping from a JSON pointer to a text", is_json_pointer,
                     "a JSON pointer such as /order_id", RunVariables::kInput));
  table->exactly_one({"file", "text", "size"});
  return section<Payload>(table);
}

Shape<IdentityPlace> match_shape() {
  using Kind = IdentityPlace::Kind;
  auto table = std::make_shared<Table<IdentityPlace>>();
  const auto put = [](Kind kind) {
    return [kind](IdentityPlace& into, std::string name) { into = {kind, std::move(name)}; };
  };
  table->field<std::string>({.name = "json", .meaning = "A JSON pointer into the effect's payload"},
                            text("JSON pointer such as /order_id", is_json_pointer), put(Kind::kJson));
  table->field<std::string>({.name = "header", .meaning = "A header of the effect"},
                            text("header's name", is_header_name), put(Kind::kHeader));
  table->field<bool>({.name = "subject", .meaning = "true: the last token of the effect's subject"}, flag(),
                     [](IdentityPlace& into, bool) { into = {Kind::kSubjectToken, ""}; });
  table->exactly_one({"json", "header", "subject"});
  return section<IdentityPlace>(table);
}

void check_effect(Reading& reading, const Node& node, const std::string& field, EffectSpec& effect) {
  if (!effect.command.empty()) {
    effect.match.kind = IdentityPlace::Kind::kLine;
    if (const auto* match = node.find_entry("match")) {
      reading.mistake(match->first, joined(field, "match"), "a command prints the identities, one a line");
    }
  } else if (node.find("match") == nullptr) {
    reading.mistake(node, joined(field, "match"),
                    "is missing (where an effect says which input it belongs to)");
  }
  const auto* every = node.find_entry("every");
  if (effect.command.empty() && every != nullptr) {
    reading.mistake(every->first, joined(field, "every"), "is for exec only");
  }
  const auto* carries = node.find_entry("carries");
  if (effect.subject.empty() && carries != nullptr) {
    reading.mistake(carries->first, joined(field, "carries"),
                    "goes with subject alone: only stored effects have it");
  }
  const auto* stream = node.find_entry("stream");
  if (effect.subject.empty() && stream != nullptr) {
    reading.mistake(stream->first, joined(field, "stream"),
                    "goes with subject alone: only stored effects have it");
  }
  if (!effect.name.empty()) return;
  effect.name = effect.reply ? "reply" : "effect";
  if (effect.subject.empty()) return;
  // The last token that is no wildcard.
  std::string_view rest = effect.subject;
  while (rest.ends_with('>') || rest.ends_with('*') || rest.ends_with('.')) rest.remove_suffix(1);
  if (!rest.empty()) effect.name = rest.substr(rest.rfind('.') + 1);
}

Shape<EffectSpec> effect_shape() {
  auto table = std::make_shared<Table<EffectSpec>>();
  table->field({.name = "name", .meaning = "How reports call it; without it the last token of the subject"},
               &EffectSpec::name, text("name", is_name));
  table->field(
      {.name = "subject", .meaning = "Counted as stored in the stream of this subject; S also matches S.>"},
      &EffectSpec::subject, text("NATS subject (* and > allowed)", is_subject_pattern));
  table->field({.name = "stream", .meaning = "The stream; without it the one that has the subject"},
               &EffectSpec::stream, text("stream's name", is_stream_name));
  table->field(
      {.name = "exec", .meaning = "Or a command that prints the identities of all effects, one a line"},
      &EffectSpec::command, list_of(text("text", RunVariables::kSystem), 1));
  table->field({.name = "every", .meaning = "How often the command runs", .standard = "1s"},
               &EffectSpec::command_every, duration({50ms, 1h}));
  table->field({.name = "reply", .meaning = "Or the reply to the request"}, &EffectSpec::reply, flag());
  table->field({.name = "match", .meaning = "Where the input's identity stands in the effect"},
               &EffectSpec::match, match_shape());
  table->field<std::string>(
      {.name = "carries",
       .meaning =
           "What comes through unchanged: a JSON pointer into input and effect, or all of the payload"},
      text("JSON pointer such as /amount, or all", is_carried), [](EffectSpec& into, std::string given) {
        const bool all = given.size() == kAllOfPayload.size() && given.front() != '/';
        into.carries.emplace(all ? std::string() : given);
      });
  table->field({.name = "per_input", .meaning = "So many effects for each input", .standard = "1"},
               &EffectSpec::per_input, whole<int>({1, int{ledger::kMaxFanOut}}));
  table->exactly_one({"subject", "exec", "reply"});
  table->rule(check_effect);
  return section<EffectSpec>(table);
}

Shape<RetrySpec> retry_shape() {
  auto table = std::make_shared<Table<RetrySpec>>();
  table->field({.name = "attempts", .meaning = "In all, with the first", .required = true},
               &RetrySpec::attempts, whole<std::uint32_t>({2, 1000}));
  table->field({.name = "pause", .meaning = "Before the next one", .standard = "50ms"}, &RetrySpec::pause,
               duration({0s, 10min}));
  table->field({.name = "when_unknown",
                .meaning = "false: only what was certainly not accepted is sent again",
                .standard = "true"},
               &RetrySpec::when_unknown, flag());
  return section<RetrySpec>(table);
}

void check_pace(Reading& reading, const Node& node, const std::string& field, WorkloadSpec& workload) {
  if (!workload.unpaced) return;
  if (workload.in_flight == 0) {
    reading.mistake_at(joined(field, "unpaced"), "needs in_flight: how many inputs may wait for an answer");
  }
  for (const char* paced : {"rate", "burst", "shape", "over"}) {
    if (const auto* given = node.find_entry(paced)) {
      reading.mistake(given->first, joined(field, paced), "has no meaning where the load is unpaced");
    }
  }
}

void add_pace_fields(Table<WorkloadSpec>& table) {
  table.field({.name = "rate",
               .meaning = "Inputs a second, on a fixed schedule that does not wait for the system",
               .standard = "200/s"},
              &WorkloadSpec::per_second, rate({0.01, 1e6}));
  table.field({.name = "burst", .meaning = "So many inputs are due at the same instant", .standard = "1"},
              &WorkloadSpec::burst, whole<std::uint32_t>({1, 100'000}));
  table.field({.name = "shape",
               .meaning = "steady; ramp: from 0 to the rate; step: half the rate, then the rate",
               .standard = "steady"},
              &WorkloadSpec::shape,
              choice<RateShape>(
                  {{"steady", RateShape::kSteady}, {"ramp", RateShape::kRamp}, {"step", RateShape::kStep}}));
  table.field(
      {.name = "over", .meaning = "How long the ramp lasts, or when the step comes", .standard = "0s"},
      &WorkloadSpec::shape_over, duration({0s, 24h}));
  table.field({.name = "in_flight",
               .meaning = "Closed loop: at most so many inputs without an outcome; 0: as the rate says",
               .standard = "0"},
              &WorkloadSpec::in_flight, whole<std::uint32_t>({0, 100'000}));
  table.field({.name = "unpaced",
               .meaning = "true: no rate, the next input as soon as in_flight allows",
               .standard = "false"},
              &WorkloadSpec::unpaced, flag());
  table.field({.name = "connections", .meaning = "Over how many connections", .standard = "1"},
              &WorkloadSpec::connections, whole<int>({1, 1000}));
  table.field({.name = "timeout",
               .meaning = "Without an answer for so long the outcome is unknown",
               .standard = "2s"},
              &WorkloadSpec::timeout, duration({1ms, 10min}));
  table.field({.name = "retry",
               .meaning = "An input that failed or was not answered is sent again, with the same identity"},
              &WorkloadSpec::retry, retry_shape());
}

void add_input_fields(Table<WorkloadSpec>& table) {
  static constexpr std::string_view kType =
      "NATS subject without wildcards (${id} and a range that counts upwards such as orders.{0..9} allowed)";
  using Subjects = std::vector<std::string>;
  const Shape<Subjects> subjects =
      one_or_more(text(std::string(kType), is_input_subject, RunVariables::kInput));
  const auto expand = [](WorkloadSpec& into, const Subjects& given) {
    for (const std::string& each : given) {
      const auto all = expand_range(each).value_or(Subjects{});
      into.subjects.insert(into.subjects.end(), all.begin(), all.end());
    }
  };
  table.field<Subjects>({.name = "publish", .meaning = "The subject of the inputs, several in turn"},
                        subjects, expand);
  table.field<Subjects>(
      {.name = "request", .meaning = "Or requests to these subjects: an input is accepted with its reply"},
      subjects, [expand](WorkloadSpec& into, const Subjects& given) {
        expand(into, given);
        into.transport = Transport::kRequest;
      });
  table.field<bool>({.name = "core",
                     .meaning = "Publish without JetStream: at most once, nothing is ever acknowledged",
                     .standard = "false"},
                    flag(), [](WorkloadSpec& into, bool core) {
                      if (core) into.transport = Transport::kCore;
                    });
  table.field({.name = "payload", .meaning = "What is sent", .required = true}, &WorkloadSpec::payload,
              payload_shape());
  table.field(
      {.name = "headers", .meaning = "Headers of each input"}, &WorkloadSpec::headers,
      pairs("mapping from a header to its text", is_header_name, "a header's name", RunVariables::kInput));
  table.field(
      {.name = "message_id", .meaning = "Each input has its identity as Nats-Msg-Id", .standard = "true"},
      &WorkloadSpec::message_id, flag());
}

void check_identity(Reading& reading, const Node& node, const std::string& field, WorkloadSpec& workload) {
  bool found = std::ranges::any_of(workload.subjects, has_identity) || has_identity(workload.payload.text) ||
               !workload.payload.sizes.empty();
  for (const auto& [name, value] : workload.headers) found = found || has_identity(value);
  for (const auto& [name, value] : workload.payload.set) found = found || has_identity(value);
  if (!found) {
    reading.mistake(
        node, field,
        "no input carries its identity: put ${id} into payload.set, payload.text, headers or the subject");
  }
}

void check_transport(Reading& reading, const Node& node, const std::string& field, WorkloadSpec& workload) {
  const auto* core = node.find_entry("core");
  if (node.find("request") != nullptr && core != nullptr) {
    reading.mistake(core->first, joined(field, "core"), "goes with publish only");
  }
  for (std::size_t i = 0; i < workload.effects.size(); ++i) {
    if (!workload.effects[i].reply || workload.transport == Transport::kRequest) continue;
    reading.mistake_at(joined(field, "effect"), "only a request has a reply");
  }
  const std::optional<std::string>* carried = nullptr;
  for (const EffectSpec& effect : workload.effects) {
    if (!effect.carries) continue;
    if (carried != nullptr && *carried != effect.carries) {
      reading.mistake_at(joined(field, "effect"), "all effects carry the same part of their input");
    }
    carried = &effect.carries;
  }
  for (std::size_t i = 0; i < workload.effects.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (workload.effects[i].name != workload.effects[j].name) continue;
      reading.mistake_at(joined(field, "effect"),
                         fmt::format("two effects are named {}: give them names", workload.effects[i].name));
    }
  }
}

// What a JSON pointer needs to be set in every sample: the parents must be there.
std::optional<std::string> cannot_set(const json& sample, const std::string& pointer) {
  const json::json_pointer at(pointer);
  const json::json_pointer parent = at.parent_pointer();
  if (!sample.contains(parent) || !(sample.at(parent).is_object() || sample.at(parent).is_array())) {
    return fmt::format("{} has no place in it", pointer);
  }
  return std::nullopt;
}

void check_samples(Reading& reading, const Node& /*node*/, const std::string& field, WorkloadSpec& workload) {
  const Payload& payload = workload.payload;
  const std::string at = joined(field, payload.file.empty() ? "payload.text" : "payload.file");
  std::string samples = payload.text;
  if (!payload.file.empty()) {
    if (!reading.read_file()) return;
    const auto content = reading.read_file()(payload.file.string());
    if (!content) return reading.mistake_at(at, content.error().message());
    samples = *content;
  }
  const bool by_line = payload.file.extension() == ".jsonl";
  if (samples.empty() && !payload.file.empty()) return reading.mistake_at(at, "the file is empty");
  if (payload.set.empty() && !by_line) return;
  if (samples.empty()) return reading.mistake_at(joined(field, "payload.set"), "goes with file or text");
  std::istringstream lines(samples);
  int number = 0;
  for (std::string line; by_line ? static_cast<bool>(std::getline(lines, line)) : number == 0;) {
    ++number;
    if (!by_line) line = samples;
    if (line.empty()) continue;
    const json sample = json::parse(line, nullptr, false);
    const std::string where = by_line ? fmt::format("line {}", number) : "it";
    if (sample.is_discarded()) return reading.mistake_at(at, fmt::format("{} is no JSON", where));
    for (const auto& [pointer, value] : payload.set) {
      if (const auto why = cannot_set(sample, pointer)) {
        return reading.mistake_at(at, fmt::format("{}: {}", where, *why));
      }
    }
  }
}

Shape<WithoutEffect> without_effect_shape() {
  auto table = std::make_shared<Table<WithoutEffect>>();
  table->field({.name = "subject", .meaning = "Those with this subject, or one of these"},
               &WithoutEffect::subjects,
               one_or_more(text("NATS subject (* and > allowed)", is_subject_pattern)));
  table->field({.name = "json", .meaning = "Those with `is` at this JSON pointer of their payload"},
               &WithoutEffect::pointer, text("JSON pointer such as /type", is_json_pointer));
  table->field({.name = "is", .meaning = "One of these, as text"}, &WithoutEffect::values,
               one_or_more(text("text")));
  table->rule([](Reading& reading, const Node& node, const std::string& field, WithoutEffect& which) {
    if (which.pointer.empty() != which.values.empty()) {
      reading.mistake(node, field, "json and is go together");
    } else if (which.pointer.empty() && which.subjects.empty()) {
      reading.mistake(node, field, "says neither subject nor json");
    }
  });
  return section<WithoutEffect>(table);
}

}  // namespace

Shape<WorkloadSpec> workload_shape() {
  auto table = std::make_shared<Table<WorkloadSpec>>();
  add_input_fields(*table);
  add_pace_fields(*table);
  const Shape<EffectSpec> effect = effect_shape();
  const Shape<std::vector<EffectSpec>> one = written_as<std::vector<EffectSpec>, EffectSpec>(
      effect, [](std::vector<EffectSpec>& into, EffectSpec given) { into = {std::move(given)}; });
  table->field({.name = "effect",
                .meaning = "What the system makes of each input; several stages as a list, in their order",
                .required = true},
               &WorkloadSpec::effects, either(Node::Kind::kMap, one, list_of(effect, 1)));
  table->field({.name = "without_effect",
                .meaning = "Inputs that the system drops by its design; an effect of theirs is one too many"},
               &WorkloadSpec::without_effect, without_effect_shape());
  table->exactly_one({"publish", "request"});
  table->rule(check_pace);
  table->rule(check_identity);
  table->rule(check_transport);
  table->rule(check_samples);
  return section<WorkloadSpec>(table);
}

}  // namespace squall::experiment
