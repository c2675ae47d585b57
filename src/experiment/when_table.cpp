// The `when:` of a fault.
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Bounds<base::Nanos> kTimes{0s, 24h};

const std::vector<std::pair<std::string, fault::Moment>>& moments() {
  static const std::vector<std::pair<std::string, fault::Moment>> kMoments{
      {"before_ack", fault::Moment::kBeforeAck},
      {"after_ack", fault::Moment::kAfterAck},
      {"after_store", fault::Moment::kAfterStore},
      {"nth_delivery", fault::Moment::kNthDelivery}};
  return kMoments;
}

struct WhenWritten {
  std::optional<base::Nanos> at;
  fault::AtMoment moment;
  fault::AfterFault after;
  fault::WhenProbe probe;
  base::Nanos wait{};
};

void add_moment_fields(Table<WhenWritten>& table) {
  const auto moment = [&table]<typename V>(FieldText text, V fault::AtMoment::* member, Shape<V> shape) {
    table.field<V>(std::move(text), std::move(shape),
                   [member](WhenWritten& into, V value) { into.moment.*member = std::move(value); });
  };
  moment({.name = "moment", .meaning = "An instant of the protocol, at which the link holds the frame"},
         &fault::AtMoment::moment, choice<fault::Moment>(moments()));
  moment({.name = "link", .meaning = "The link that watches; without it that of the fault's target"},
         &fault::AtMoment::link, text("link's or process's name", is_name));
  moment({.name = "subject", .meaning = "Only messages of this subject"}, &fault::AtMoment::subject,
         text("NATS subject (* and > allowed)", is_subject_pattern));
  moment({.name = "nth", .meaning = "The n-th time; with nth_delivery: the delivery count", .standard = "1"},
         &fault::AtMoment::nth, whole<int>({1, 1'000'000}));
  moment({.name = "from",
          .meaning = "Not before this, from the beginning of the trial's faults",
          .standard = "0s"},
         &fault::AtMoment::from, duration(kTimes));
}

std::shared_ptr<const Table<WhenWritten>> when_table() {
  auto table = std::make_shared<Table<WhenWritten>>();
  table->field({.name = "at", .meaning = "From the beginning of the trial's faults"}, &WhenWritten::at,
               duration(kTimes));
  add_moment_fields(*table);
  table->field<std::string>({.name = "after", .meaning = "After another fault, by its name"},
                            text("fault's name", is_name),
                            [](WhenWritten& into, std::string name) { into.after.fault = std::move(name); });
  table->field<fault::AfterFault::End>(
      {.name = "end", .meaning = "With `after`: of its heal, or of its effect", .standard = "heal"},
      choice<fault::AfterFault::End>(
          {{"heal", fault::AfterFault::End::kHeal}, {"effect", fault::AfterFault::End::kEffect}}),
      [](WhenWritten& into, fault::AfterFault::End end) { into.after.end = end; });
  table->field<std::string>({.name = "probe", .meaning = "When this probe changes"},
                            text("probe's name", is_name),
                            [](WhenWritten& into, std::string name) { into.probe.probe = std::move(name); });
  table->field<fault::WhenProbe::Becomes>(
      {.name = "becomes", .meaning = "With `probe`", .standard = "red"},
      choice<fault::WhenProbe::Becomes>(
          {{"red", fault::WhenProbe::Becomes::kRed}, {"green", fault::WhenProbe::Becomes::kGreen}}),
      [](WhenWritten& into, fault::WhenProbe::Becomes becomes) { into.probe.becomes = becomes; });
  table->field({.name = "wait", .meaning = "With `after` and `probe`: so long after it", .standard = "0s"},
               &WhenWritten::wait, duration(kTimes));
  table->exactly_one({"at", "moment", "after", "probe"});
  table->rule([](Reading& reading, const Node& node, const std::string& field, WhenWritten& /*when*/) {
    static const std::vector<std::pair<std::string, std::vector<std::string>>> kOwners{
        {"link", {"moment"}}, {"subject", {"moment"}}, {"nth", {"moment"}},         {"from", {"moment"}},
        {"end", {"after"}},   {"becomes", {"probe"}},  {"wait", {"after", "probe"}}};
    for (const auto& [name, owners] : kOwners) {
      const auto* entry = node.find_entry(name);
      if (entry == nullptr) continue;
      if (std::ranges::any_of(owners, [&](const std::string& owner) { return node.find(owner) != nullptr; }))
        continue;
      reading.mistake(entry->first, joined(field, name),
                      fmt::format("goes with {}", fmt::join(owners, " or ")));
    }
  });
  return table;
}

When when_of(const WhenWritten& written, const Node& node) {
  if (written.at) return fault::AtTime{*written.at};
  if (node.find("moment") != nullptr) return written.moment;
  if (node.find("after") != nullptr) {
    fault::AfterFault after = written.after;
    after.wait = written.wait;
    return after;
  }
  fault::WhenProbe probe = written.probe;
  probe.wait = written.wait;
  return probe;
}

}  // namespace

Shape<When> when_shape() {
  const auto table = when_table();
  std::vector<std::string> words{"random"};
  for (const auto& [name, moment] : moments()) words.push_back(name);
  const std::string type = fmt::format("duration, one of {}, or a mapping", fmt::join(words, ", "));
  const json schema{
      {"anyOf", json::array({{{"enum", words}}, duration(kTimes).doc.schema, schema_of(*table->doc())})}};
  return {
      .doc = {.type = type, .schema = schema, .section = table->doc()},
      .read = [table, type, words](Reading& reading, const Node& node, const std::string& field, When& into) {
        if (node.is_map()) {
          WhenWritten written;
          if (!table->read(reading, node, field, written)) return false;
          into = when_of(written, node);
          return true;
        }
        const auto given = reading.scalar(node, field, type);
        if (!given) return false;
        if (*given == "random") {
          into = AtRandom{};
          return true;
        }
        if (const auto time = read_duration(*given)) {
          into = fault::AtTime{*time};
          return true;
        }
        for (const auto& [name, moment] : moments()) {
          if (*given != name) continue;
          into = fault::AtMoment{.moment = moment};
          return true;
        }
        const auto near = nearest(*given, words);
        reading.mistake(node, field,
                        fmt::format("expected a {}, not \"{}\"{}", type, *given,
                                    near ? fmt::format(" (did you mean {}?)", *near) : ""));
        return false;
      }};
}

}  // namespace squall::experiment
