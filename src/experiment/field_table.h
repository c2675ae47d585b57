// The one table from which the parser, the JSON Schema and the reference page come. A Shape says how a value
// of one C++ type is written; a Table lists the fields of a mapping with their meanings. The tables
// themselves are in x_table.cpp, one per section.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "experiment/reading.h"

namespace squall::experiment {

struct SectionDoc;

// What documents and the schema say of a value.
struct ShapeDoc {
  std::string type;                           // "duration", "list of texts", "mapping"
  nlohmann::json schema;                      // of JSON Schema
  std::shared_ptr<const SectionDoc> section;  // of a mapping with fields of its own, or whose values are that
};

struct FieldText {
  std::string name;
  std::string meaning;   // a sentence or two, without the last full stop
  std::string standard;  // the default as one would write it; empty: none
  bool required = false;
};

struct FieldEntry {
  FieldText text;
  ShapeDoc shape;
};

struct SectionDoc {
  std::vector<FieldEntry> fields;
  std::vector<std::vector<std::string>> exactly_one;  // of these fields one must be given
};

// Reads the node into the value; on a mistake the value keeps what it had. Returns whether it was read.
template <typename V>
struct Shape {
  ShapeDoc doc;
  std::function<bool(Reading&, const Node&, const std::string& field, V&)> read;
};

nlohmann::json schema_of(const SectionDoc& section);

template <typename T>
class Table {
 public:
  template <typename V>
  Table& field(FieldText text, V T::* member, Shape<V> shape) {
    return add(
        std::move(text), shape.doc,
        [member, read = std::move(shape.read)](Reading& reading, const Node& node, const std::string& path,
                                               T& into) { read(reading, node, path, into.*member); });
  }
  // An optional member: absent in the file is absent in the model.
  template <typename V>
  Table& field(FieldText text, std::optional<V> T::* member, Shape<V> shape) {
    return add(std::move(text), shape.doc,
               [member, read = std::move(shape.read)](Reading& reading, const Node& node,
                                                      const std::string& path, T& into) {
                 V value{};
                 if (read(reading, node, path, value)) into.*member = std::move(value);
               });
  }
  // A value that becomes something else in the model.
  template <typename V>
  Table& field(FieldText text, Shape<V> shape, std::function<void(T&, V)> set) {
    return add(std::move(text), shape.doc,
               [set = std::move(set), read = std::move(shape.read)](Reading& reading, const Node& node,
                                                                    const std::string& path, T& into) {
                 V value{};
                 if (read(reading, node, path, value)) set(into, std::move(value));
               });
  }
  Table& exactly_one(std::vector<std::string> names) {
    doc_->exactly_one.push_back(std::move(names));
    return *this;
  }
  // A check over the fields of one mapping, after all of them were read.
  using Rule = std::function<void(Reading&, const Node&, const std::string& path, T&)>;
  Table& rule(Rule rule) {
    rules_.push_back(std::move(rule));
    return *this;
  }

  const std::shared_ptr<SectionDoc>& doc() const { return doc_; }

  // `others`: fields that somebody else reads from the same mapping.
  bool read(Reading& reading, const Node& node, const std::string& path, T& into,
            const std::vector<std::string>& others = {}) const {
    if (!node.is_map()) {
      reading.expected(node, path, "a mapping");
      return false;
    }
    const std::size_t before = reading.mistakes().size();
    for (const auto& [key, value] : node.entries) {
      const auto at =
          std::ranges::find(doc_->fields, key.text, [](const FieldEntry& entry) { return entry.text.name; });
      const std::string field = joined(path, key.text);
      if (at != doc_->fields.end()) {
        reading.remember(field, value.is_null() ? key.place : value.place);
        readers_[static_cast<std::size_t>(at - doc_->fields.begin())](reading, value, field, into);
      } else if (std::ranges::find(others, key.text) == others.end()) {
        reading.mistake(key, field, "no such field" + suggestion(key.text, names(others)));
      }
    }
    check_presence(reading, node, path);
    if (reading.mistakes().size() == before) {
      for (const Rule& rule : rules_) rule(reading, node, path, into);
    }
    return reading.mistakes().size() == before;
  }

 private:
  using Read = std::function<void(Reading&, const Node&, const std::string& path, T&)>;

  Table& add(FieldText text, ShapeDoc doc, Read read) {
    doc_->fields.push_back({std::move(text), std::move(doc)});
    readers_.push_back(std::move(read));
    return *this;
  }

  std::vector<std::string> names(const std::vector<std::string>& others) const {
    std::vector<std::string> all = others;
    for (const FieldEntry& entry : doc_->fields) all.push_back(entry.text.name);
    return all;
  }

  void check_presence(Reading& reading, const Node& node, const std::string& path) const {
    for (const FieldEntry& entry : doc_->fields) {
      if (entry.text.required && node.find(entry.text.name) == nullptr) {
        reading.mistake(node, joined(path, entry.text.name),
                        fmt::format("is missing ({})", entry.shape.type));
      }
    }
    for (const auto& group : doc_->exactly_one) {
      const auto given =
          std::ranges::count_if(group, [&](const std::string& name) { return node.find(name) != nullptr; });
      if (given == 1) continue;
      reading.mistake(node, path,
                      given == 0 ? fmt::format("expected one of {}", fmt::join(group, ", "))
                                 : fmt::format("expected only one of {}", fmt::join(group, ", ")));
    }
  }

  std::shared_ptr<SectionDoc> doc_ = std::make_shared<SectionDoc>();
  std::vector<Read> readers_;
  std::vector<Rule> rules_;
};

// A mapping with the table's fields.
template <typename T>
Shape<T> section(std::shared_ptr<const Table<T>> table) {
  return {.doc = {.type = "mapping", .schema = schema_of(*table->doc()), .section = table->doc()},
          .read = [table = std::move(table)](Reading& reading, const Node& node, const std::string& path,
                                             T& into) { return table->read(reading, node, path, into); }};
}

template <typename V>
Shape<std::vector<V>> list_of(Shape<V> item, std::size_t least = 0) {
  nlohmann::json schema{{"type", "array"}, {"items", item.doc.schema}};
  if (least > 0) schema["minItems"] = least;
  const std::string type = "list, each " + with_article(item.doc.type);
  return {.doc = {.type = type, .schema = std::move(schema), .section = item.doc.section},
          .read = [item = std::move(item), type, least](Reading& reading, const Node& node,
                                                        const std::string& path, std::vector<V>& into) {
            if (!node.is_list()) {
              reading.expected(node, path, with_article(type));
              return false;
            }
            if (node.items.size() < least) {
              reading.mistake(node, path, fmt::format("expected at least {}", least));
              return false;
            }
            std::vector<V> values;
            bool all = true;
            for (std::size_t i = 0; i < node.items.size(); ++i) {
              V value{};
              const std::string field = fmt::format("{}[{}]", path, i);
              reading.remember(field, node.items[i].place);
              all = item.read(reading, node.items[i], field, value) && all;
              values.push_back(std::move(value));
            }
            into = std::move(values);
            return all;
          }};
}

// A mapping whose names are the user's own; `name_of` puts the name into the value.
template <typename V>
Shape<std::vector<V>> named(Shape<V> value, std::function<void(V&, const std::string&)> set_name,
                            bool (*accepts)(std::string_view), std::string name_words) {
  nlohmann::json schema{{"type", "object"}, {"additionalProperties", value.doc.schema}};
  const std::string type = "mapping from a name to " + with_article(value.doc.type);
  return {.doc = {.type = type, .schema = std::move(schema), .section = value.doc.section},
          .read = [value = std::move(value), type, accepts, set_name = std::move(set_name),
                   name_words = std::move(name_words)](Reading& reading, const Node& node,
                                                       const std::string& path, std::vector<V>& into) {
            if (!node.is_map()) {
              reading.expected(node, path, with_article(type));
              return false;
            }
            std::vector<V> values;
            bool all = true;
            for (const auto& [key, entry] : node.entries) {
              const std::string field = joined(path, key.text);
              reading.remember(field, key.place);
              if (!accepts(key.text)) {
                reading.mistake(key, field, fmt::format("expected {}, not \"{}\"", name_words, key.text));
                all = false;
              }
              V one{};
              set_name(one, key.text);
              all = value.read(reading, entry, field, one) && all;
              values.push_back(std::move(one));
            }
            into = std::move(values);
            return all;
          }};
}

// One of several notations of the same value, told apart by the node's kind: `first` when it is a scalar (or
// a list, with kList), else `second`.
template <typename V>
Shape<V> either(Node::Kind kind, Shape<V> first, Shape<V> second) {
  return {.doc = {.type = first.doc.type + ", or " + second.doc.type,
                  .schema = {{"anyOf", {first.doc.schema, second.doc.schema}}},
                  .section = second.doc.section ? second.doc.section : first.doc.section},
          .read = [kind, first = std::move(first), second = std::move(second)](
                      Reading& reading, const Node& node, const std::string& path, V& into) {
            return (node.kind == kind ? first : second).read(reading, node, path, into);
          }};
}

// A value that is written as another type: `convert` gets what was read and the value to change.
template <typename V, typename Written>
Shape<V> written_as(Shape<Written> written, std::function<void(V&, Written)> convert) {
  return {.doc = written.doc,
          .read = [written = std::move(written), convert = std::move(convert)](
                      Reading& reading, const Node& node, const std::string& path, V& into) {
            Written value{};
            if (!written.read(reading, node, path, value)) return false;
            convert(into, std::move(value));
            return true;
          }};
}

// One value, or a list of at least one.
template <typename V>
Shape<std::vector<V>> one_or_more(Shape<V> value) {
  const Shape<std::vector<V>> one =
      written_as<std::vector<V>, V>(value, [](std::vector<V>& into, V given) { into = {std::move(given)}; });
  return either(Node::Kind::kScalar, one, list_of(std::move(value), 1));
}

}  // namespace squall::experiment
