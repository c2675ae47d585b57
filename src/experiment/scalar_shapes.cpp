#include "experiment/scalar_shapes.h"

#include "experiment/notation.h"

namespace squall::experiment {
namespace {

using nlohmann::json;

std::string write(base::Nanos value) { return write_duration(value); }
std::string write(std::int64_t value) { return fmt::format("{}", value); }
std::string write(double value) { return fmt::format("{:g}", value); }

// A value with a notation of its own and bounds.
template <typename T>
Shape<T> bounded(std::string type, json schema, std::optional<T> (*read)(std::string_view), Bounds<T> bounds,
                 std::string unit = "") {
  return {.doc = {.type = type, .schema = std::move(schema), .section = {}},
          .read = [type, read, bounds, unit](Reading& reading, const Node& node, const std::string& field,
                                             T& into) {
            const auto given = reading.scalar(node, field, with_article(type));
            if (!given) return false;
            const auto value = read(*given);
            if (!value) {
              reading.mistake(node, field,
                              fmt::format("expected {}, not \"{}\"", with_article(type), *given));
              return false;
            }
            if (*value < bounds.low || *value > bounds.high) {
              reading.mistake(node, field,
                              fmt::format("expected from {}{} to {}{}, not {}", write(bounds.low), unit,
                                          write(bounds.high), unit, *given));
              return false;
            }
            into = *value;
            return true;
          }};
}

bool is_not_empty(std::string_view text) { return !text.empty(); }

// Schemas let variables stand for any value.
json or_variable(json schema) {
  return {{"anyOf", json::array({std::move(schema), {{"type", "string"}, {"pattern", "\\$\\{"}}})}};
}

}  // namespace

Shape<base::Nanos> duration(Bounds<base::Nanos> bounds) {
  return bounded<base::Nanos>(
      "duration such as 250ms, 2s or 1m",
      or_variable({{"anyOf", json::array({{{"type", "string"}, {"pattern", "^[0-9.]+ *(us|ms|s|m|min|h)$"}},
                                          {{"const", 0}}})}}),
      read_duration, bounds);
}

Shape<double> rate(Bounds<double> per_second) {
  return bounded<double>("rate such as 200/s or 600/min",
                         or_variable({{"type", "string"}, {"pattern", "^[0-9.]+ */(s|min|h)$"}}), read_rate,
                         per_second, "/s");
}

Shape<double> share() {
  return bounded<double>(
      "share such as 5% or 0.05",
      or_variable({{"anyOf", json::array({{{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
                                          {{"type", "string"}, {"pattern", "^[0-9.]+ *%$"}}})}}),
      read_share, {0, 1});
}

Shape<std::int64_t> size(Bounds<std::int64_t> bytes) {
  return bounded<std::int64_t>(
      "size such as 4096, 64 KiB or 1 MiB",
      or_variable({{"anyOf", json::array({{{"type", "integer"}},
                                          {{"type", "string"}, {"pattern", "^[0-9]+ *[KMG]iB$"}}})}}),
      read_size, bytes);
}

Shape<SizeRange> size_range(Bounds<std::int64_t> bytes) {
  const std::string type = "size such as 4096 or 64 KiB, or a range such as 100..4 KiB";
  const json schema = or_variable(
      {{"anyOf", json::array({{{"type", "integer"}},
                              {{"type", "string"},
                               {"pattern", "^[0-9]+( *[KMG]iB)?( *\\.\\. *[0-9]+( *[KMG]iB)?)?$"}}})}});
  return {
      .doc = {.type = type, .schema = schema, .section = {}},
      .read = [type, bytes](Reading& reading, const Node& node, const std::string& field, SizeRange& into) {
        const auto given = reading.scalar(node, field, with_article(type));
        if (!given) return false;
        const auto range = read_size_range(*given);
        if (!range || range->first < bytes.low || range->second > bytes.high) {
          reading.mistake(node, field,
                          fmt::format("expected {}, from {} to {} bytes, not \"{}\"", with_article(type),
                                      bytes.low, bytes.high, *given));
          return false;
        }
        into = {range->first, range->second};
        return true;
      }};
}

Shape<std::int64_t> integer(Bounds<std::int64_t> bounds) {
  return bounded<std::int64_t>(
      "whole number", or_variable({{"type", "integer"}, {"minimum", bounds.low}, {"maximum", bounds.high}}),
      read_integer, bounds);
}

Shape<double> number(Bounds<double> bounds) {
  return bounded<double>("number",
                         or_variable({{"type", "number"}, {"minimum", bounds.low}, {"maximum", bounds.high}}),
                         read_number, bounds);
}

Shape<bool> flag() {
  return {.doc = {.type = "true or false", .schema = or_variable({{"type", "boolean"}}), .section = {}},
          .read = [](Reading& reading, const Node& node, const std::string& field, bool& into) {
            const auto given = reading.scalar(node, field, "true or false");
            if (!given) return false;
            const auto value = read_flag(*given);
            if (!value) {
              reading.mistake(node, field, fmt::format("expected true or false, not \"{}\"", *given));
              return false;
            }
            into = *value;
            return true;
          }};
}

Shape<std::string> text(std::string type, Accepts accepts, RunVariables variables) {
  json schema{{"type", json::array({"string", "number", "boolean"})}};
  return {.doc = {.type = type, .schema = std::move(schema), .section = {}},
          .read = [type, accepts, variables](Reading& reading, const Node& node, const std::string& field,
                                             std::string& into) {
            const auto given = reading.scalar(node, field, with_article(type), variables);
            if (!given) return false;
            if (!accepts(*given)) {
              reading.mistake(node, field,
                              fmt::format("expected {}, not \"{}\"", with_article(type), *given));
              return false;
            }
            into = *given;
            return true;
          }};
}

Shape<std::string> text(std::string type, RunVariables variables) {
  return text(std::move(type), is_not_empty, variables);
}

Shape<std::filesystem::path> path() {
  Shape<std::string> written = text("path");
  return {.doc = written.doc,
          .read = [written](Reading& reading, const Node& node, const std::string& field,
                            std::filesystem::path& into) {
            std::string given;
            if (!written.read(reading, node, field, given)) return false;
            into = reading.resolve(given);
            return true;
          }};
}

Shape<Secret> secret() {
  static constexpr std::string_view kType = "secret's place, such as {env: NATS_PASSWORD} or {file: PATH}";
  auto table = std::make_shared<Table<Secret>>();
  table->field({.name = "env", .meaning = "The name of an environment variable"}, &Secret::environment,
               text("variable's name"));
  table->field({.name = "file", .meaning = "A file; its first line is the secret"}, &Secret::file, path());
  table->exactly_one({"env", "file"});
  const Shape<Secret> mapping = section<Secret>(table);
  return {.doc = {.type = std::string(kType),
                  .schema = {{"anyOf", json::array({mapping.doc.schema,
                                                    {{"type", "string"}, {"pattern", "^\\$\\{env\\."}}})}},
                  .section = {}},
          .read = [mapping](Reading& reading, const Node& node, const std::string& field, Secret& into) {
            if (node.is_map()) return mapping.read(reading, node, field, into);
            if (node.is_scalar() && node.text.starts_with("${env.") && node.text.ends_with('}') &&
                node.text.find('}') + 1 == node.text.size()) {
              into.environment = node.text.substr(6, node.text.size() - 7);
              return true;
            }
            // What stands there may be the secret: it is not repeated.
            reading.mistake(node, field, fmt::format("expected a {}, not the secret itself", kType));
            return false;
          }};
}

Shape<ConsumerName> consumer_name() {
  static constexpr Accepts kAccepts = [](std::string_view given) {
    const std::size_t slash = given.find('/');
    return slash != std::string_view::npos && is_stream_name(given.substr(0, slash)) &&
           is_stream_name(given.substr(slash + 1));
  };
  return written_as<ConsumerName, std::string>(text("consumer as STREAM/name", kAccepts),
                                               [](ConsumerName& into, const std::string& given) {
                                                 const std::size_t slash = given.find('/');
                                                 into = {given.substr(0, slash), given.substr(slash + 1)};
                                               });
}

Shape<Pairs> pairs(std::string type, Accepts accepts_name, std::string name_words, RunVariables variables) {
  using Pair = std::pair<std::string, std::string>;
  static constexpr Accepts kAnything = [](std::string_view) { return true; };
  const Shape<Pair> value = written_as<Pair, std::string>(
      text("text", kAnything, variables), [](Pair& into, const std::string& given) { into.second = given; });
  Shape<Pairs> shape = named<Pair>(
      value, [](Pair& into, const std::string& name) { into.first = name; }, accepts_name,
      std::move(name_words));
  shape.doc.type = std::move(type);
  return shape;
}

nlohmann::json schema_of(const SectionDoc& section) {
  json properties = json::object();
  json required = json::array();
  for (const FieldEntry& entry : section.fields) {
    json field = entry.shape.schema;
    field["description"] = entry.text.meaning;
    properties[entry.text.name] = std::move(field);
    if (entry.text.required) required.push_back(entry.text.name);
  }
  json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  json all = json::array();
  for (const auto& group : section.exactly_one) {
    json one = json::array();
    for (const std::string& name : group) one.push_back({{"required", json::array({name})}});
    all.push_back({{"oneOf", std::move(one)}});
  }
  if (!all.empty()) schema["allOf"] = std::move(all);
  return schema;
}

}  // namespace squall::experiment
