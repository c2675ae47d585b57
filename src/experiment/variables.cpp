#include "experiment/variables.h"

#include <algorithm>

namespace squall::experiment {
namespace {

// Calls `each` with every variable's name; what it returns stands in its place. `literal` stands for `$${`.
base::Result<std::string> walk(std::string_view text, std::string_view literal,
                               const std::function<base::Result<std::string>(const std::string&)>& each) {
  std::string result;
  while (true) {
    const std::size_t start = text.find("${");
    if (start == std::string_view::npos) break;
    if (start > 0 && text[start - 1] == '$') {
      result += text.substr(0, start - 1);
      result += literal;
      text.remove_prefix(start + 2);
      continue;
    }
    result += text.substr(0, start);
    text.remove_prefix(start + 2);
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return base::fail("expected a }} after ${{{}", text.substr(0, 20));
    const std::string name(text.substr(0, end));
    if (name.empty()) return base::fail("expected a variable's name between ${{ and }}");
    auto value = each(name);
    if (!value) return value;
    result += *value;
    text.remove_prefix(end + 1);
  }
  return result + std::string(text);
}

}  // namespace

std::vector<std::string> names_of(RunVariables variables) {
  switch (variables) {
    case RunVariables::kSystem:
      return {"nats.url", "nats.link", "link.NAME", "run.id", "run.folder", "process.NAME.port"};
    case RunVariables::kInput:
      return {"id", "number", "time"};
    case RunVariables::kNone:
      break;
  }
  return {};
}

bool is_run_variable(std::string_view name, RunVariables variables) {
  return std::ranges::any_of(names_of(variables), [&](const std::string& known) {
    const std::size_t hole = known.find("NAME");
    if (hole == std::string::npos) return name == known;
    const std::string_view before = std::string_view(known).substr(0, hole);
    const std::string_view after = std::string_view(known).substr(hole + 4);
    return name.size() > before.size() + after.size() && name.starts_with(before) && name.ends_with(after);
  });
}

base::Result<std::string> replace_variables(std::string_view text, const Lookup& lookup) {
  return walk(text, "$${", [&](const std::string& name) -> base::Result<std::string> {
    if (auto value = lookup(name)) return std::move(*value);
    return "${" + name + "}";
  });
}

base::Result<std::string> fill_in(std::string_view text, const Lookup& lookup) {
  return walk(text, "${", [&](const std::string& name) -> base::Result<std::string> {
    if (auto value = lookup(name)) return std::move(*value);
    return base::fail("nothing is known of ${{{}}}", name);
  });
}

std::string example_of(const std::string& subject) {
  return fill_in(subject, [](const std::string&) { return "x"; }).value_or(subject);
}

}  // namespace squall::experiment
