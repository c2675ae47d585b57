#include "experiment/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace squall::experiment {
namespace {

// A value whose text is no variable, also for whoever replaces those of the run later.
std::string escaped(std::string value) {
  for (std::size_t at = value.find("${"); at != std::string::npos; at = value.find("${", at + 3)) {
    value.insert(at, "$");
  }
  return value;
}

bool is_todo(const Node& node) { return node.is_scalar() && !node.quoted && node.text.starts_with("TODO"); }

}  // namespace

Reading::Reading(Environment environment, ReadFile read_file, std::string file)
    : environment_(std::move(environment)), read_file_(std::move(read_file)), file_(std::move(file)) {}

void Reading::mistake(const Node& node, std::string field, std::string message) {
  mistakes_.push_back({node.place, std::move(field), std::move(message)});
}

void Reading::mistake_at(const std::string& field, std::string message) {
  mistakes_.push_back({place_of(places_, field, file_), field, std::move(message)});
}

Place place_of(const Places& places, const std::string& field, const std::string& file) {
  for (std::string path = field;;) {
    const auto at = places.find(path);
    if (at != places.end()) return at->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos || cut == 0) return {file, 1, 1};
    path.resize(cut);
  }
}

void Reading::expected(const Node& node, const std::string& field, std::string_view what) {
  if (is_todo(node))
    return mistake(node, field, fmt::format("is still to be filled in: {} (expected {})", node.text, what));
  mistake(node, field, fmt::format("expected {}, not {}", what, shown(node)));
}

std::optional<std::string> Reading::look_up(const std::string& name) {
  if (name.starts_with("vars.")) {
    const auto at = variables_.find(name.substr(5));
    return at == variables_.end() ? std::nullopt : std::optional(at->second);
  }
  if (!name.starts_with("env.")) return std::nullopt;
  const std::size_t fallback = name.find(":-");
  const std::string variable = name.substr(4, fallback == std::string::npos ? fallback : fallback - 4);
  if (auto value = environment_(variable)) {
    const std::pair<std::string, std::string> known{variable, *value};
    if (std::ranges::find(from_environment_, known) == from_environment_.end())
      from_environment_.push_back(known);
    return value;
  }
  return fallback == std::string::npos ? std::nullopt : std::optional(name.substr(fallback + 2));
}

base::Result<std::string> Reading::fill_in_file_variables(const std::string& text, RunVariables allowed,
                                                          std::string& unknown) {
  const bool run_follows = allowed != RunVariables::kNone;
  const Lookup known_here = [&](const std::string& name) -> std::optional<std::string> {
    if (auto value = look_up(name)) return run_follows ? escaped(*value) : *value;
    if (run_follows && is_run_variable(name, allowed)) return std::nullopt;
    unknown = name;
    return "";
  };
  return run_follows ? replace_variables(text, known_here) : fill_in(text, known_here);
}

std::optional<std::string> Reading::scalar(const Node& node, const std::string& field, std::string_view what,
                                           RunVariables allowed) {
  if (!node.is_scalar() || is_todo(node)) {
    expected(node, field, what);
    return std::nullopt;
  }
  std::string unknown;
  const auto text = fill_in_file_variables(node.text, allowed, unknown);
  if (!text) {
    mistake(node, field, text.error().message());
    return std::nullopt;
  }
  if (unknown.empty()) return *text;
  if (unknown.starts_with("env.")) {
    mistake(node, field, fmt::format("the environment has no {}", unknown.substr(4)));
    return std::nullopt;
  }
  std::vector<std::string> known = names_of(allowed);
  for (const auto& [name, value] : variables_) known.push_back("vars." + name);
  mistake(node, field, fmt::format("no such variable here: ${{{}}}{}", unknown, suggestion(unknown, known)));
  return std::nullopt;
}

std::string Reading::resolve(const std::string& path) const {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file_).parent_path() / given).lexically_normal().string();
}

std::string joined(const std::string& path, const std::string& name) {
  if (path.empty() || name.empty()) return path + name;
  return path + "." + name;
}

}  // namespace squall::experiment
