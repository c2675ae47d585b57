// The shapes of single values: how durations, rates, names and the like are written, with their bounds.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "experiment/field_table.h"
#include "experiment/nats_section.h"
#include "experiment/workload_section.h"

namespace squall::experiment {

template <typename T>
struct Bounds {
  T low;
  T high;
};

Shape<base::Nanos> duration(Bounds<base::Nanos> bounds);
Shape<double> rate(Bounds<double> per_second);
Shape<double> share();  // from 0 to 1
Shape<std::int64_t> size(Bounds<std::int64_t> bytes);
Shape<SizeRange> size_range(Bounds<std::int64_t> bytes);  // one size is a range, too
Shape<std::int64_t> integer(Bounds<std::int64_t> bounds);
Shape<double> number(Bounds<double> bounds);
Shape<bool> flag();

// Any text that is not empty.
Shape<std::string> text(std::string type = "text", RunVariables variables = RunVariables::kNone);
// What it must be is said by `accepts` and, for messages and documents, by `type`.
using Accepts = bool (*)(std::string_view);
Shape<std::string> text(std::string type, Accepts accepts, RunVariables variables = RunVariables::kNone);
// Relative to the folder of the experiment's file.
Shape<std::filesystem::path> path();
// {env: NAME}, {file: PATH} or "${env.NAME}"; never the secret itself.
Shape<Secret> secret();
// "STREAM/consumer"
struct ConsumerName {
  std::string stream;
  std::string consumer;
};
Shape<ConsumerName> consumer_name();

// A whole number into a smaller type.
template <typename T>
Shape<T> whole(Bounds<T> bounds) {
  return written_as<T, std::int64_t>(integer({bounds.low, bounds.high}),
                                     [](T& into, std::int64_t value) { into = static_cast<T>(value); });
}

// A list of name: text, in the file's order.
using Pairs = std::vector<std::pair<std::string, std::string>>;
Shape<Pairs> pairs(std::string type, Accepts accepts_name, std::string name_words, RunVariables variables);

// One of the names.
template <typename E>
Shape<E> choice(std::vector<std::pair<std::string, E>> names) {
  std::vector<std::string> known;
  known.reserve(names.size());
  for (const auto& [name, value] : names) known.push_back(name);
  const std::string type = fmt::format("one of {}", fmt::join(known, ", "));
  return {.doc = {.type = type, .schema = {{"enum", known}}, .section = {}},
          .read = [names = std::move(names), known, type](Reading& reading, const Node& node,
                                                          const std::string& field, E& into) {
            const auto word = reading.scalar(node, field, type);
            if (!word) return false;
            for (const auto& [name, value] : names) {
              if (*word == name) {
                into = value;
                return true;
              }
            }
            const auto near = nearest(*word, known);
            reading.mistake(node, field,
                            fmt::format("expected {}, not \"{}\"{}", type, *word,
                                        near ? fmt::format(" (did you mean {}?)", *near) : ""));
            return false;
          }};
}

}  // namespace squall::experiment
