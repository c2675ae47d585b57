#include "router/config/yaml_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"

namespace router::config {
namespace {

std::string shown(Duration value) {
  if (value == Duration::max()) return "";
  const auto whole = [&](Duration unit) { return value % unit == Duration::zero(); };
  if (whole(1h) && value != Duration::zero()) return fmt::format("{}h", value / 1h);
  if (whole(1s)) return fmt::format("{}s", value / 1s);
  if (whole(1ms)) return fmt::format("{}ms", value / 1ms);
  return fmt::format("{}us", value / 1us);
}
template <typename T>
std::string shown(T value) {
  return value == std::numeric_limits<T>::max() ? "" : fmt::format("{}", value);
}

template <typename T>
std::string shown(Range<T> range) {
  const std::string high = shown(range.high);
  return high.empty() ? fmt::format("at least {}", shown(range.low))
                      : fmt::format("from {} to {}", shown(range.low), high);
}

std::string shown(const YAML::Node& node) {
  if (node.IsNull()) return "nothing";
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  std::string text = node.Scalar();
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return fmt::format("\"{}\"", text);
}

// Of one mapping; looking them up is linear.
constexpr std::size_t kMaxFields = 1000;

constexpr std::string_view kDuration = "a duration such as 250ms, 2s or 1m";

}  // namespace

YamlSection::YamlSection(const YAML::Node& node, std::string path, std::string file, Problems& problems)
    : node_(node), path_(std::move(path)), file_(std::move(file)), problems_(&problems) {
  if (node_.size() > kMaxFields) {
    problem_at(node_, "", fmt::format("expected at most {} entries, not {}", kMaxFields, node_.size()));
    node_.reset(YAML::Node(YAML::NodeType::Map));
  }
  std::vector<std::string> seen;
  for (const auto& entry : std::as_const(node_)) {
    if (!entry.first.IsScalar()) {
      problem_at(entry.first, "", "expected a field's name");
      continue;
    }
    const std::string& name = entry.first.Scalar();
    if (std::ranges::find(seen, name) != seen.end()) problem_at(entry.first, name, "is given twice");
    seen.push_back(name);
  }
}

std::string YamlSection::full_name(const std::string& name) const {
  if (path_.empty() || name.empty()) return path_ + name;
  return path_ + "." + name;
}

void YamlSection::problem_at(const YAML::Node& node, const std::string& name, std::string message) {
  const YAML::Mark mark = node.Mark();
  problems_->push_back({file_, mark.is_null() ? 0 : mark.line + 1, mark.is_null() ? 0 : mark.column + 1,
                        full_name(name), std::move(message)});
}

void YamlSection::expected_at(const YAML::Node& node, const std::string& name, std::string_view expected) {
  const std::string message = fmt::format("expected {}, not {}", expected, shown(node));
  // A missing value has the place of whatever follows it: the name says better where it is missing.
  for (const auto& entry : node_) {
    if (node.IsNull() && entry.first.IsScalar() && entry.first.Scalar() == name) {
      return problem_at(entry.first, name, message);
    }
  }
  problem_at(node, name, message);
}

void YamlSection::problem(const std::string& name, std::string message) {
  const YAML::Node field = std::as_const(node_)[name];
  problem_at(field.IsDefined() ? field : node_, name, std::move(message));
}

bool YamlSection::has(const std::string& name) const { return node_[name].IsDefined(); }

std::optional<YAML::Node> YamlSection::take(const std::string& name) {
  known_.push_back(name);
  YAML::Node field = std::as_const(node_)[name];
  if (!field.IsDefined()) return std::nullopt;
  return field;
}

std::optional<std::string> YamlSection::scalar(const std::string& name, std::string_view expected) {
  const auto field = take(name);
  if (!field) return std::nullopt;
  if (!field->IsScalar()) {
    expected_at(*field, name, expected);
    return std::nullopt;
  }
  return field->Scalar();
}

std::optional<std::vector<YAML::Node>> YamlSection::list(const std::string& name, std::string_view expected) {
  const auto field = take(name);
  if (!field) return std::nullopt;
  if (!field->IsSequence()) {
    expected_at(*field, name, expected);
    return std::nullopt;
  }
  std::vector<YAML::Node> items;
  for (const auto& item : *field) items.push_back(item);
  return items;
}

template <typename T, typename Parse>
void YamlSection::read_in_range(const std::string& name, T& into, Range<T> range, std::string_view what,
                                Parse parse) {
  const auto text = scalar(name, what);
  if (!text) return;
  const auto value = parse(*text);
  if (!value) {
    problem(name, fmt::format("expected {}, not \"{}\"", what, *text));
  } else if (*value < range.low || *value > range.high) {
    problem(name, fmt::format("expected {}, not {}", shown(range), *text));
  } else {
    into = static_cast<T>(*value);
  }
}

void YamlSection::read(const std::string& name, Duration& into, Range<Duration> range) {
  read_in_range(name, into, range, kDuration, parse_duration);
}
void YamlSection::read(const std::string& name, int& into, Range<int> range) {
  read_in_range(name, into, range, "a whole number", parse_integer);
}
void YamlSection::read(const std::string& name, std::int64_t& into, Range<std::int64_t> range) {
  read_in_range(name, into, range, "a whole number", parse_integer);
}
void YamlSection::read(const std::string& name, double& into, Range<double> range) {
  read_in_range(name, into, range, "a number", parse_number);
}
void YamlSection::read_bytes(const std::string& name, std::size_t& into, Range<std::size_t> range) {
  read_in_range(name, into, range, "a size such as 4096, 64KiB or 1MiB", parse_bytes);
}

void YamlSection::read(const std::string& name, bool& into) {
  const auto text = scalar(name, "true or false");
  if (!text) return;
  const auto value = parse_bool(*text);
  if (!value) return problem(name, fmt::format("expected true or false, not \"{}\"", *text));
  into = *value;
}

void YamlSection::read(const std::string& name, std::string& into, Accepts accepts,
                       std::string_view expected) {
  const auto text = scalar(name, expected);
  if (!text) return;
  if (!accepts(*text)) return problem(name, fmt::format("expected {}, not \"{}\"", expected, *text));
  into = *text;
}

void YamlSection::read(const std::string& name, std::vector<std::string>& into, Accepts accepts,
                       std::string_view expected) {
  const auto items = list(name, fmt::format("a list, each {}", expected));
  if (!items) return;
  std::vector<std::string> values;
  for (const YAML::Node& item : *items) {
    if (!item.IsScalar() || !accepts(item.Scalar())) {
      expected_at(item, name, expected);
    } else {
      values.push_back(item.Scalar());
    }
  }
  // A list with a wrong one leaves what was there: one mistake is not to look like two.
  if (values.size() == items->size()) into = std::move(values);
}

void YamlSection::read(const std::string& name, std::vector<Duration>& into, Range<Duration> range) {
  const auto items = list(name, "a list of durations");
  if (!items) return;
  if (items->empty()) return problem(name, "expected at least one duration");
  into.clear();
  for (const YAML::Node& item : *items) {
    const auto value = item.IsScalar() ? parse_duration(item.Scalar()) : std::nullopt;
    if (!value) {
      expected_at(item, name, kDuration);
    } else if (*value < range.low || *value > range.high) {
      problem_at(item, name, fmt::format("expected {}, not {}", shown(range), item.Scalar()));
    } else {
      into.push_back(*value);
    }
  }
}

void YamlSection::read_listen(const std::string& name, HttpSettings& into) {
  static constexpr std::string_view kExpected = "host:port, such as 127.0.0.1:8222 (port 0: a free one)";
  const auto text = scalar(name, kExpected);
  if (!text) return;
  const auto value = parse_listen(*text);
  if (!value) return problem(name, fmt::format("expected {}, not \"{}\"", kExpected, *text));
  into = *value;
}

std::optional<YamlSection> YamlSection::section(const std::string& name) {
  const auto field = take(name);
  if (!field) return std::nullopt;
  if (!field->IsMap()) {
    expected_at(*field, name, "a mapping");
    return std::nullopt;
  }
  return YamlSection(*field, full_name(name), file_, *problems_);
}

std::vector<std::string> YamlSection::names() const {
  std::vector<std::string> names;
  for (const auto& entry : node_) {
    if (entry.first.IsScalar()) names.push_back(entry.first.Scalar());
  }
  return names;
}

void YamlSection::refuse_unknown() {
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) continue;
    const std::string& name = entry.first.Scalar();
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const auto near = nearest(name, known_);
    problem_at(entry.first, name,
               near ? fmt::format("no such field (did you mean {}?)", *near)
                    : fmt::format("no such field (known: {})", fmt::join(known_, ", ")));
  }
}

}  // namespace router::config
