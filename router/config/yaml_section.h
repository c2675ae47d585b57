// One mapping of a YAML file while it is read: each known field is asked for once, and whatever was not asked
// for is a problem. A field that is absent keeps the value it has. Only config_file.cpp needs this.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "router/config/problem.h"
#include "router/config/scalars.h"

namespace router::config {

template <typename T>
struct Range {
  T low;
  T high = std::numeric_limits<T>::max();
};

class YamlSection {
 public:
  // path: of this mapping ("" for the root). Lifetime: problems must outlive it.
  YamlSection(const YAML::Node& node, std::string path, std::string file, Problems& problems);

  bool has(const std::string& name) const;

  void read(const std::string& name, Duration& into, Range<Duration> range);
  void read(const std::string& name, int& into, Range<int> range);
  void read(const std::string& name, std::int64_t& into, Range<std::int64_t> range);
  void read(const std::string& name, double& into, Range<double> range);
  void read_bytes(const std::string& name, std::size_t& into, Range<std::size_t> range);
  void read(const std::string& name, bool& into);
  // What the text must be is said by `accepts` and, for the message, by `expected`.
  using Accepts = bool (*)(std::string_view);
  void read(const std::string& name, std::string& into, Accepts accepts, std::string_view expected);
  void read(const std::string& name, std::vector<std::string>& into, Accepts accepts,
            std::string_view expected);
  void read(const std::string& name, std::vector<Duration>& into, Range<Duration> range);
  void read_listen(const std::string& name, HttpSettings& into);
  template <typename Enum, std::size_t kCount>
  void read_one_of(const std::string& name, Enum& into,
                   const std::array<std::pair<std::string_view, Enum>, kCount>& names);

  // A nested mapping; nothing when it is absent (or not one: then it is a problem).
  std::optional<YamlSection> section(const std::string& name);
  // The fields of a mapping whose names are the user's own, in order.
  std::vector<std::string> names() const;

  // At the field if it is there, else at the section.
  void problem(const std::string& name, std::string message);
  // Every field that was never asked for is a problem. Call last.
  void refuse_unknown();

 private:
  std::optional<YAML::Node> take(const std::string& name);
  std::optional<std::string> scalar(const std::string& name, std::string_view expected);
  std::optional<std::vector<YAML::Node>> list(const std::string& name, std::string_view expected);
  void problem_at(const YAML::Node& node, const std::string& name, std::string message);
  void expected_at(const YAML::Node& node, const std::string& name, std::string_view expected);
  std::string full_name(const std::string& name) const;

  template <typename T, typename Parse>
  void read_in_range(const std::string& name, T& into, Range<T> range, std::string_view what, Parse parse);

  YAML::Node node_;
  std::string path_;
  std::string file_;
  Problems* problems_;
  std::vector<std::string> known_;
};

template <typename Enum, std::size_t kCount>
void YamlSection::read_one_of(const std::string& name, Enum& into,
                              const std::array<std::pair<std::string_view, Enum>, kCount>& names) {
  std::vector<std::string> known;
  known.reserve(kCount);
  for (const auto& [text, value] : names) known.emplace_back(text);
  const auto text = scalar(name, fmt::format("one of {}", fmt::join(known, ", ")));
  if (!text) return;
  for (const auto& [known_text, value] : names) {
    if (*text == known_text) {
      into = value;
      return;
    }
  }
  const auto near = nearest(*text, known);
  problem(name, fmt::format("expected one of {}, not \"{}\"{}", fmt::join(known, ", "), *text,
                            near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

}  // namespace router::config
