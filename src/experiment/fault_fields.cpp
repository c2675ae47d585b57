#include "experiment/fault_fields.h"

#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"

namespace squall::experiment {
namespace {

using nlohmann::json;

using namespace std::chrono_literals;

base::Nanos from_ms(double milliseconds) {
  return base::Nanos{static_cast<std::int64_t>(milliseconds * 1e6)};
}

template <typename V>
Shape<json> as_json(Shape<V> shape) {
  return written_as<json, V>(std::move(shape), [](json& into, V value) { into = std::move(value); });
}

constexpr double kMost = 1e15;

Shape<json> shape_of(const fault::FieldDoc& field) {
  const double low = field.low.value_or(0);
  switch (field.type) {
    case fault::FieldType::kDuration: {
      const base::Nanos high = field.high ? from_ms(*field.high) : base::Nanos{24h};
      return written_as<json, base::Nanos>(duration({from_ms(low), high}),
                                           [](json& into, base::Nanos value) { into = base::to_ms(value); });
    }
    case fault::FieldType::kInteger:
      return as_json(
          integer({static_cast<std::int64_t>(low), static_cast<std::int64_t>(field.high.value_or(kMost))}));
    case fault::FieldType::kNumber:
      return as_json(number({low, field.high.value_or(kMost)}));
    case fault::FieldType::kShare:
      return as_json(share());
    case fault::FieldType::kSize:
      return as_json(
          size({static_cast<std::int64_t>(low), static_cast<std::int64_t>(field.high.value_or(kMost))}));
    case fault::FieldType::kFlag:
      return as_json(flag());
    case fault::FieldType::kChoice: {
      std::vector<std::pair<std::string, std::string>> names;
      for (const std::string& each : field.choices) names.emplace_back(each, each);
      return as_json(choice<std::string>(std::move(names)));
    }
    case fault::FieldType::kTextList:
      return as_json(list_of(text("text", RunVariables::kSystem), 1));
    case fault::FieldType::kText:
      break;
  }
  return as_json(text("text", RunVariables::kSystem));
}

}  // namespace

void read_kind_fields(Reading& reading, const Node& node, const std::string& field,
                      const fault::KindDoc& kind, json& body) {
  std::string target;
  const std::string target_field = joined(field, kind.name);
  const Node& named = *node.find(kind.name);
  reading.remember(target_field, named.place);
  if (text(std::string(fault::describe(kind.target))).read(reading, named, target_field, target)) {
    body[kind.target_json] = target;
  }
  for (const fault::FieldDoc& each : kind.fields) {
    const Node* given = node.find(each.name);
    const std::string path = joined(field, each.name);
    if (given == nullptr && each.required) {
      reading.mistake(node, path, fmt::format("is missing ({})", type_of(each)));
    }
    if (given == nullptr && each.standard.empty()) continue;
    const Node standard{.kind = Node::Kind::kScalar, .place = node.place, .text = each.standard};
    if (given != nullptr) reading.remember(path, given->place);
    json value;
    if (shape_of(each).read(reading, given != nullptr ? *given : standard, path, value)) {
      body[each.json] = std::move(value);
    }
  }
}

json kind_schema(const fault::KindDoc& kind, json common) {
  json& properties = common["properties"];
  properties[kind.name] = {{"type", "string"}, {"description", kind.summary}};
  json required = json::array({kind.name});
  for (const fault::FieldDoc& each : kind.fields) {
    json schema = shape_of(each).doc.schema;
    schema["description"] = each.meaning;
    properties[each.name] = std::move(schema);
    if (each.required) required.push_back(each.name);
  }
  if (kind.active_json.empty()) properties.erase("for");
  if (kind.active_required) required.push_back("for");
  common["required"] = std::move(required);
  return common;
}

std::string type_of(const fault::FieldDoc& field) { return shape_of(field).doc.type; }

}  // namespace squall::experiment
