// The `faults:` section: one item is one fault of fault_kinds(), a group that strikes together, or a random
// schedule. The fields of a kind come from its own table in fault/.
#include <cmath>

#include "experiment/fault_fields.h"
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"
#include "fault/fault_kind.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Bounds<base::Nanos> kTimes{0s, 24h};

// --- one fault ---

struct CommonFields {
  FaultSpec spec;
  double weight = 1;
};

Shape<std::vector<base::Nanos>> active_times_shape() {
  const Shape<base::Nanos> time = duration(kTimes);
  return either(Node::Kind::kScalar,
                written_as<std::vector<base::Nanos>, base::Nanos>(
                    time, [](std::vector<base::Nanos>& into, base::Nanos one) { into = {one}; }),
                list_of(time, 1));
}

Shape<Strike> strike_shape() {
  const Shape<int> count = whole<int>({1, 1000});
  const std::string type = "whole number, or all";
  return {.doc = {.type = type,
                  .schema = {{"anyOf", json::array({count.doc.schema, {{"const", "all"}}})}},
                  .section = {}},
          .read = [count](Reading& reading, const Node& node, const std::string& field, Strike& into) {
            if (node.is_scalar() && node.text == "all") {
              into.count = 0;
              return true;
            }
            return count.read(reading, node, field, into.count);
          }};
}

std::shared_ptr<Table<CommonFields>> common_table() {
  auto table = std::make_shared<Table<CommonFields>>();
  const auto add = [&table]<typename V>(FieldText text, V FaultSpec::* member, Shape<V> shape) {
    table->field<V>(std::move(text), std::move(shape),
                    [member](CommonFields& into, V value) { into.spec.*member = std::move(value); });
  };
  add({.name = "name", .meaning = "How reports and `after` call it; without it kind-target"},
      &FaultSpec::name, text("name", is_name));
  add({.name = "when",
       .meaning =
           "When it strikes, in each trial: so long after the trial's faults begin, at a random instant, at "
           "a moment of the protocol, after another fault, or when a probe changes",
       .standard = "0s"},
      &FaultSpec::when, when_shape());
  add({.name = "for",
       .meaning = "From effect to heal. A list: one of them in each trial, each once before any comes again"},
      &FaultSpec::active_times, active_times_shape());
  add({.name = "every", .meaning = "With `repeat`: from one injection to the next", .standard = "0s"},
      &FaultSpec::every, duration({1ms, 24h}));
  add({.name = "repeat", .meaning = "How often it strikes in each trial", .standard = "1"},
      &FaultSpec::repeat, whole<int>({1, 1000}));
  add({.name = "strike", .meaning = "How many replicas of its target; the seed chooses", .standard = "all"},
      &FaultSpec::strike, strike_shape());
  table->field({.name = "weight", .meaning = "In a random schedule: how often it is chosen", .standard = "1"},
               &CommonFields::weight, number({1e-6, 1e6}));
  table->rule([](Reading& reading, const Node& node, const std::string& field, CommonFields& fields) {
    const FaultSpec& spec = fields.spec;
    if ((spec.repeat > 1) != (spec.every > base::Nanos{0})) {
      reading.mistake(node, field, "expected every and repeat (more than 1) together");
    }
    const bool timed =
        std::holds_alternative<fault::AtTime>(spec.when) || std::holds_alternative<AtRandom>(spec.when);
    if (spec.repeat > 1 && !timed) {
      reading.mistake_at(joined(field, "every"), "repeats need a `when` that is a time or random");
    }
  });
  return table;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const fault::KindDoc& kind : fault::fault_kinds()) names.push_back(kind.name);
  return names;
}

// The only field of the item that is a kind of fault.
const fault::KindDoc* kind_in(Reading& reading, const Node& node, const std::string& field) {
  const fault::KindDoc* found = nullptr;
  for (const auto& [key, value] : node.entries) {
    const fault::KindDoc* kind = fault::find_kind(key.text);
    if (kind == nullptr) continue;
    if (found != nullptr) {
      reading.mistake(key, field, fmt::format("one item is one fault, and it has {} already", found->name));
      return nullptr;
    }
    found = kind;
  }
  if (found != nullptr) return found;
  std::vector<std::string> known = kind_names();
  known.insert(known.end(), {"together", "random"});
  const std::string first = node.entries.empty() ? "" : node.entries.front().first.text;
  reading.mistake(node, field, fmt::format("expected a kind of fault{}", suggestion(first, known)));
  return nullptr;
}

std::vector<std::string> fields_of(const fault::KindDoc& kind) {
  std::vector<std::string> names{kind.name};
  for (const fault::FieldDoc& each : kind.fields) names.push_back(each.name);
  return names;
}

// `for:` in the kind's own JSON, so that one function makes the action.
bool put_active_time(Reading& reading, const Node& node, const std::string& field, const fault::KindDoc& kind,
                     FaultSpec& spec, json& body) {
  if (spec.active_times.empty()) {
    if (!kind.active_required) return true;
    reading.mistake(node, joined(field, "for"), "is missing (how long it lasts)");
    return false;
  }
  if (kind.active_json.empty()) {
    reading.mistake_at(joined(field, "for"), fmt::format("{} does not last", kind.name));
    return false;
  }
  body[kind.active_json] = base::to_ms(spec.active_times.front());
  if (spec.active_times.size() == 1) spec.active_times.clear();
  return true;
}

bool read_fault(const Table<CommonFields>& common, Reading& reading, const Node& node,
                const std::string& field, CommonFields& into) {
  if (!node.is_map()) {
    reading.expected(node, field, "a mapping such as {kill: orders, when: 1s}");
    return false;
  }
  const std::size_t before = reading.mistakes().size();
  const fault::KindDoc* kind = kind_in(reading, node, field);
  if (kind == nullptr) return false;
  into.spec.place = node.place;
  common.read(reading, node, field, into, fields_of(*kind));
  json body = json::object();
  read_kind_fields(reading, node, field, *kind, body);
  if (!put_active_time(reading, node, field, *kind, into.spec, body)) return false;
  if (reading.mistakes().size() != before) return false;
  const auto made = fault::fault_from_json(
      {{"name", into.spec.name.empty() ? kind->name : into.spec.name}, {"at_ms", 0}, {kind->name, body}});
  if (!made) {
    reading.mistake(node, field, made.error().message());
    return false;
  }
  into.spec.action = made->action;
  return true;
}

// --- groups and random schedules ---

bool read_together(const Table<CommonFields>& common, Reading& reading, const Node& node,
                   const std::string& field, FaultList& into) {
  const Node* members = node.find("together");
  CommonFields shared;
  if (!common.read(reading, node, field, shared, {"together"})) return false;
  const std::string path = joined(field, "together");
  if (!members->is_list()) {
    reading.expected(*members, path, "a list of faults");
    return false;
  }
  if (members->items.empty()) {
    reading.mistake(*members, path, "expected at least one fault in it");
    return false;
  }
  const std::string group =
      shared.spec.name.empty() ? fmt::format("together-{}", node.place.line) : shared.spec.name;
  bool all = true;
  for (std::size_t i = 0; i < members->items.size(); ++i) {
    const Node& member = members->items[i];
    const std::string member_path = fmt::format("{}[{}]", path, i);
    CommonFields one;
    all = read_fault(common, reading, member, member_path, one) && all;
    if (const auto* when = member.find_entry("when")) {
      reading.mistake(when->first, joined(member_path, "when"),
                      "belongs to the group: its members strike together");
      all = false;
    }
    one.spec.when = shared.spec.when;
    one.spec.every = shared.spec.every;
    one.spec.repeat = shared.spec.repeat;
    one.spec.group = group;
    into.faults.push_back(std::move(one.spec));
  }
  return all;
}

std::shared_ptr<const Table<RandomSchedule>> random_table(
    const std::shared_ptr<const Table<CommonFields>>& common) {
  auto table = std::make_shared<Table<RandomSchedule>>();
  using Choice = RandomSchedule::Choice;
  const Shape<Choice> choice_shape{
      .doc = {.type = "fault", .schema = {{"type", "object"}}, .section = {}},
      .read = [common](Reading& reading, const Node& node, const std::string& field, Choice& into) {
        CommonFields one;
        if (!read_fault(*common, reading, node, field, one)) return false;
        for (const char* name : {"when", "every", "repeat"}) {
          if (const auto* entry = node.find_entry(name)) {
            reading.mistake(entry->first, joined(field, name), "is drawn by the random schedule");
            return false;
          }
        }
        into = {std::move(one.spec), one.weight};
        return true;
      }};
  table->field({.name = "of", .meaning = "The faults to choose from, each with its weight", .required = true},
               &RandomSchedule::choices, list_of(choice_shape, 1));
  table->field({.name = "name", .meaning = "The seed and this name give the schedule", .standard = "random"},
               &RandomSchedule::name, text("name", is_name));
  table->field({.name = "from", .meaning = "When it begins, in each trial", .standard = "0s"},
               &RandomSchedule::from, duration(kTimes));
  table->field({.name = "lasts",
                .meaning = "Faults and their heals happen within from and from + lasts",
                .standard = "30s"},
               &RandomSchedule::lasts, duration({1ms, 24h}));
  table->field(
      {.name = "spacing_least", .meaning = "The least time from one injection to the next", .standard = "1s"},
      &RandomSchedule::spacing_least, duration({1ms, 24h}));
  table->field(
      {.name = "spacing_most", .meaning = "The most time from one injection to the next", .standard = "5s"},
      &RandomSchedule::spacing_most, duration({1ms, 24h}));
  table->field(
      {.name = "at_once", .meaning = "So many faults are active at the same time, at most", .standard = "1"},
      &RandomSchedule::at_once, whole<int>({1, 100}));
  table->rule([](Reading& reading, const Node& /*node*/, const std::string& field, RandomSchedule& random) {
    if (random.spacing_most < random.spacing_least) {
      reading.mistake_at(joined(field, "spacing_most"), "expected at least spacing_least");
    }
    if (random.lasts < random.spacing_least) {
      reading.mistake_at(joined(field, "lasts"), "expected at least spacing_least: no fault would fit in");
    }
  });
  return table;
}

json item_schema(const Table<CommonFields>& common, const Table<RandomSchedule>& random) {
  json any = json::array();
  for (const fault::KindDoc& kind : fault::fault_kinds())
    any.push_back(kind_schema(kind, schema_of(*common.doc())));
  json group = schema_of(*common.doc());
  group["properties"]["together"] = {{"type", "array"}, {"items", {{"anyOf", any}}}};
  group["required"] = json::array({"together"});
  any.push_back(std::move(group));
  any.push_back({{"type", "object"},
                 {"properties", {{"random", schema_of(*random.doc())}}},
                 {"required", json::array({"random"})},
                 {"additionalProperties", false}});
  return {{"type", "array"}, {"minItems", 1}, {"items", {{"anyOf", std::move(any)}}}};
}

}  // namespace

std::shared_ptr<const SectionDoc> random_schedule_doc() { return random_table(common_table())->doc(); }

Shape<FaultList> faults_shape() {
  const std::shared_ptr<const Table<CommonFields>> common = common_table();
  const auto random = random_table(common);
  return {
      .doc = {.type = "list of faults", .schema = item_schema(*common, *random), .section = common->doc()},
      .read = [common, random](Reading& reading, const Node& node, const std::string& field,
                               FaultList& into) {
        if (!node.is_list()) {
          reading.expected(node, field, "a list of faults");
          return false;
        }
        if (node.items.empty()) {
          reading.mistake(node, field, "expected at least one fault; without any, leave the field out");
          return false;
        }
        bool all = true;
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          const Node& item = node.items[i];
          const std::string path = fmt::format("{}[{}]", field, i);
          reading.remember(path, item.place);
          if (item.find("together") != nullptr) {
            all = read_together(*common, reading, item, path, into) && all;
          } else if (const Node* schedule = item.find("random");
                     schedule != nullptr && item.entries.size() == 1) {
            RandomSchedule one;
            one.name = "random";
            one.place = item.place;
            all = random->read(reading, *schedule, joined(path, "random"), one) && all;
            into.random.push_back(std::move(one));
          } else {
            CommonFields one;
            all = read_fault(*common, reading, item, path, one) && all;
            into.faults.push_back(std::move(one.spec));
          }
        }
        return all;
      }};
}

}  // namespace squall::experiment
