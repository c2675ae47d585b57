// The `expect:`, `trials:`, `allow:` and `abort:` sections.
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMany = std::int64_t{1} << 50;

// `each`: of what the bound holds for a share.
Shape<ClockBound> clock_shape(const std::string& each, const std::string& few) {
  auto table = std::make_shared<Table<ClockBound>>();
  const auto bound = duration({1us, 24h});
  table->field({.name = "p50", .meaning = fmt::format("Half of the {} are at most this slow", each)},
               &ClockBound::p50, bound);
  table->field({.name = "p95", .meaning = fmt::format("19 of 20 {} are at most this slow{}", each, few)},
               &ClockBound::p95, bound);
  table->field({.name = "p99", .meaning = fmt::format("99 of 100 {} are at most this slow", each)},
               &ClockBound::p99, bound);
  table->field({.name = "max", .meaning = fmt::format("None of the {} is slower", each)}, &ClockBound::max,
               bound);
  table->rule([](Reading& reading, const Node& node, const std::string& field, ClockBound& clock) {
    if (!clock.any()) reading.mistake(node, field, "expected at least one of p50, p95, p99, max");
    std::optional<base::Nanos> before;
    for (const auto& [name, value] :
         {std::pair{"p50", clock.p50}, {"p95", clock.p95}, {"p99", clock.p99}, {"max", clock.max}}) {
      if (value && before && *value < *before) {
        reading.mistake_at(joined(field, name),
                           fmt::format("expected at least the bound before it, {}", write_duration(*before)));
      }
      if (value) before = value;
    }
  });
  return either(
      Node::Kind::kScalar,
      written_as<ClockBound, base::Nanos>(bound, [](ClockBound& into, base::Nanos most) { into.max = most; }),
      section<ClockBound>(table));
}

// A number, or `any`: then it is not judged.
using Count = std::optional<std::int64_t>;
Shape<Count> count_shape() {
  const Shape<std::int64_t> count = integer({0, kMany});
  const std::string type = "whole number, or any";
  nlohmann::json schema{{"anyOf", nlohmann::json::array({count.doc.schema, {{"const", "any"}}})}};
  return {.doc = {.type = type, .schema = std::move(schema), .section = {}},
          .read = [count](Reading& reading, const Node& node, const std::string& field, Count& into) {
            if (node.is_scalar() && node.text == "any") {
              into = std::nullopt;
              return true;
            }
            std::int64_t value = 0;
            if (!count.read(reading, node, field, value)) return false;
            into = value;
            return true;
          }};
}

void add_count(Table<LossBound>& table, FieldText text, Count LossBound::* member) {
  text.standard = "0";
  table.field<Count>(std::move(text), count_shape(),
                     [member](LossBound& into, Count value) { into.*member = value; });
}

Shape<LossBound> loss_shape() {
  auto table = std::make_shared<Table<LossBound>>();
  add_count(
      *table,
      {.name = "in_nats", .meaning = "Acknowledged to the publisher, then neither stored nor delivered"},
      &LossBound::in_nats);
  add_count(*table,
            {.name = "by_service",
             .meaning = "Still stored, or acked and gone from a work queue, and without its effect"},
            &LossBound::by_service);
  add_count(*table, {.name = "stranded", .meaning = "Given up after max_deliver attempts"},
            &LossBound::stranded);
  add_count(*table, {.name = "pending", .meaning = "Still waiting when the run ended"}, &LossBound::pending);
  return either(Node::Kind::kScalar,
                written_as<LossBound, Count>(
                    count_shape(), [](LossBound& into, Count each) { into = {each, each, each, each}; }),
                section<LossBound>(table));
}

Shape<HitBound> hit_shape() {
  const std::string type = "all, some, a share such as 80%, or any";
  nlohmann::json schema{
      {"anyOf", nlohmann::json::array({{{"enum", {"all", "some", "any"}}}, share().doc.schema})}};
  return {.doc = {.type = type, .schema = std::move(schema), .section = {}},
          .read = [type](Reading& reading, const Node& node, const std::string& field, HitBound& into) {
            const auto given = reading.scalar(node, field, type);
            if (!given) return false;
            const auto part = read_share(*given);
            if (*given == "all") {
              into = {.kind = HitBound::Kind::kAll, .share = 1};
            } else if (*given == "some") {
              into = {.kind = HitBound::Kind::kSome, .share = 0};
            } else if (*given == "any") {
              into = {.kind = HitBound::Kind::kNotJudged, .share = 0};
            } else if (part && *part > 0 && *part <= 1) {
              into = {.kind = HitBound::Kind::kShare, .share = *part};
            } else {
              reading.mistake(node, field, fmt::format("expected {}, not \"{}\"", type, *given));
              return false;
            }
            return true;
          }};
}

// What `effects` says of losses and duplicates, where nothing else is said of them; a contradiction is a
// mistake.
void apply_promise(Reading& reading, const Node& node, const std::string& field, Expectations& expect) {
  const LossBound no_bound{{}, {}, {}, {}};
  const bool says_lost = node.find("lost") != nullptr;
  const bool says_duplicates = node.find("duplicates") != nullptr;
  if (expect.effects == Effects::kAtMostOnce) {
    if (says_lost && expect.lost != no_bound) {
      reading.mistake_at(joined(field, "lost"), "at-most-once effects may be missing: leave it out");
    }
    if (expect.caught_up.any()) {
      reading.mistake_at(
          joined(field, "caught_up"),
          "where effects may be missing nobody can tell when the last one is there: leave it out");
    }
    expect.lost = no_bound;
  }
  if (expect.effects == Effects::kAtLeastOnce && !says_duplicates) expect.duplicates.reset();
  if (node.find("effects") == nullptr) return;
  if (expect.effects != Effects::kAtMostOnce && says_lost && expect.lost == no_bound) {
    reading.mistake_at(joined(field, "lost"), "contradicts effects, which says that none may be missing");
  }
  if (expect.effects != Effects::kAtLeastOnce && says_duplicates && !expect.duplicates) {
    reading.mistake_at(joined(field, "duplicates"),
                       "contradicts effects, which says that none is there twice");
  }
}

}  // namespace

Shape<Expectations> expect_shape() {
  auto table = std::make_shared<Table<Expectations>>();
  const Shape<ClockBound> of_trials = clock_shape("trials", "; below 59 trials it is the worst of them");
  table->field(
      {.name = "effects",
       .meaning =
           "What the system promises of each input that it acknowledged. at_least_once: duplicates are "
           "counted and not judged; at_most_once: losses are, and nothing waits for the missing",
       .standard = "exactly_once"},
      &Expectations::effects,
      choice<Effects>({{"exactly_once", Effects::kExactlyOnce},
                       {"at_least_once", Effects::kAtLeastOnce},
                       {"at_most_once", Effects::kAtMostOnce}}));
  table->rule(apply_promise);
  table->field({.name = "first_output",
                .meaning = "From the fault's effect until new work flows again; a duration alone is its max"},
               &Expectations::first_output, of_trials);
  table->field({.name = "caught_up",
                .meaning = "From the fault's effect until everything sent before it was over and accepted is "
                           "done, and the backlog is gone"},
               &Expectations::caught_up, of_trials);
  table->field(
      {.name = "time_to_green",
       .meaning =
           "From the fault's effect until all probes are green and it is caught up, for the whole hold time"},
      &Expectations::time_to_green, of_trials);
  table->field({.name = "latency", .meaning = "From input to last effect, of inputs that no fault touched"},
               &Expectations::latency, clock_shape("inputs", ""));
  table->field({.name = "lost",
                .meaning = "Accepted inputs without their effect; a number alone is for each cause",
                .standard = "0"},
               &Expectations::lost, loss_shape());
  table->field<Count>(
      {.name = "duplicates", .meaning = "Stored effects beyond the first of an input", .standard = "0"},
      count_shape(), [](Expectations& into, Count value) { into.duplicates = value; });
  table->field<Count>(
      {.name = "unexpected", .meaning = "Effects of inputs that nobody published", .standard = "0"},
      count_shape(), [](Expectations& into, Count value) { into.unexpected = value; });
  table->field<Count>({.name = "corrupted",
                       .meaning = "Inputs whose carried part came through changed (`carries` of an effect)",
                       .standard = "0"},
                      count_shape(), [](Expectations& into, Count value) { into.corrupted = value; });
  table->field(
      {.name = "unavailable", .meaning = "The longest span in which nothing that was published was accepted"},
      &Expectations::unavailable, duration({1us, 24h}));
  table->field(
      {.name = "order",
       .meaning = "Whether effects must keep the order of their inputs, outside of recoveries",
       .standard = "any"},
      &Expectations::order,
      choice<Order>({{"any", Order::kNotJudged}, {"per_key", Order::kPerKey}, {"total", Order::kTotal}}));
  table->field({.name = "errors", .meaning = "The largest share of inputs that may fail or stay unknown"},
               &Expectations::errors, share());
  table->field(
      {.name = "hit",
       .meaning = "Which trials must strike unfinished work, with one of their faults at least: one that "
                  "strikes none proves nothing, and the verdict is inconclusive",
       .standard = "all"},
      &Expectations::hit, hit_shape());
  return section<Expectations>(table);
}

Shape<TrialSettings> trials_shape() {
  auto table = std::make_shared<Table<TrialSettings>>();
  const Shape<int> count = whole<int>({1, 10'000});
  table->field({.name = "count", .meaning = "How many; 59 are needed for a p95", .standard = "10"},
               &TrialSettings::count, count);
  table->field(
      {.name = "baseline", .meaning = "Load without a fault before each trial's faults", .standard = "1s"},
      &TrialSettings::baseline, duration({0s, 1h}));
  table->field({.name = "faults_within", .meaning = "`when: random` draws from this span", .standard = "3s"},
               &TrialSettings::faults_within, duration({1ms, 24h}));
  table->field({.name = "hold", .meaning = "Green for so long counts as green", .standard = "500ms"},
               &TrialSettings::hold, duration({0s, 10min}));
  table->field({.name = "recover_within", .meaning = "Then it never came back", .standard = "1min"},
               &TrialSettings::recover_within, duration({100ms, 24h}));
  table->field({.name = "drain_within",
                .meaning = "How long the last messages may take at the end",
                .standard = "1min"},
               &TrialSettings::drain_within, duration({100ms, 24h}));
  table->field({.name = "control",
                .meaning = "The trial without a fault at the beginning; 0 is none",
                .standard = "3s"},
               &TrialSettings::control, duration({0s, 1h}));
  return either(
      Node::Kind::kScalar,
      written_as<TrialSettings, int>(count, [](TrialSettings& into, int number) { into.count = number; }),
      section<TrialSettings>(table));
}

Shape<Allow> allow_shape() {
  auto table = std::make_shared<Table<Allow>>();
  table->field({.name = "hosts", .meaning = "Attached servers that are not on this machine, by name"},
               &Allow::hosts, list_of(text("host's name"), 1));
  table->field({.name = "other_publishers",
                .meaning = "Others may publish to the input's subject",
                .standard = "false"},
               &Allow::other_publishers, flag());
  table->field(
      {.name = "other_consumers", .meaning = "Others may consume the effect's stream", .standard = "false"},
      &Allow::other_consumers, flag());
  table->field(
      {.name = "processes",
       .meaning = "A fault that would strike more processes at once is refused; 0: as the targets say",
       .standard = "0"},
      &Allow::processes, whole<int>({0, 10'000}));
  return section<Allow>(table);
}

Shape<std::vector<AbortCondition>> abort_shape() {
  auto table = std::make_shared<Table<AbortCondition>>();
  table->field({.name = "probe", .meaning = "Red for longer than `red_for`"}, &AbortCondition::probe,
               text("probe's name", is_name));
  table->field({.name = "red_for", .meaning = "See `probe`", .standard = "0s"}, &AbortCondition::red_for,
               duration({0s, 24h}));
  table->field({.name = "after", .meaning = "So long after the start of the run, whatever happens"},
               &AbortCondition::after, duration({1s, 24h * 30}));
  table->exactly_one({"probe", "after"});
  return list_of(section<AbortCondition>(table), 1);
}

}  // namespace squall::experiment
