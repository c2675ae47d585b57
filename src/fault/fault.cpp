#include "fault/fault.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace squall::fault {
namespace {

using nlohmann::json;

// Signals that are meant to end a process; others would be a kill without an effect.
constexpr std::array<std::string_view, 9> kEndingSignals{"KILL", "TERM", "INT",  "QUIT", "HUP",
                                                         "ABRT", "SEGV", "USR1", "USR2"};

std::string_view name_of(Scope scope) { return scope == Scope::kTree ? "tree" : "process"; }

// Reads the fields of one JSON object and remembers which were asked for, so that a misspelt one is noticed.
class Fields {
 public:
  Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  base::Result<std::string> text(const char* name, std::optional<std::string> otherwise = {}) {
    const json* field = find(name);
    if (field == nullptr && otherwise) return *otherwise;
    if (field == nullptr) return base::fail("{}: {} is missing", where_, name);
    if (!field->is_string() || field->get_ref<const std::string&>().empty()) {
      return base::fail("{}: {} must be a text that is not empty", where_, name);
    }
    return field->get<std::string>();
  }

  base::Result<std::optional<base::Nanos>> milliseconds(const char* name) {
    const json* field = find(name);
    if (field == nullptr || field->is_null()) return std::optional<base::Nanos>{};
    const double value = field->is_number() ? field->get<double>() : -1;
    constexpr double kLongest = 365.0 * 24 * 3600 * 1000;
    if (!(value >= 0 && value <= kLongest)) {
      return base::fail("{}: {} must be a number of milliseconds from 0 on", where_, name);
    }
    return std::optional(base::Nanos{std::llround(value * 1e6)});
  }

  base::Result<Scope> scope(Scope otherwise) {
    auto word = text("scope", std::string(name_of(otherwise)));
    if (!word) return std::unexpected(word.error());
    if (*word == "tree") return Scope::kTree;
    if (*word == "process") return Scope::kProcess;
    return base::fail("{}: scope must be tree or process, not {}", where_, *word);
  }

  base::Result<void> no_others() const {
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::find(asked_, name) == asked_.end())
        return base::fail("{}: unknown field {}", where_, name);
    }
    return {};
  }

  const json* find(const char* name) {
    asked_.emplace_back(name);
    const auto at = object_.find(name);
    return at == object_.end() ? nullptr : &*at;
  }

 private:
  const json& object_;
  std::string where_;
  std::vector<std::string> asked_;
};

base::Result<Action> kill_from_json(const json& object) {
  Fields fields(object, "kill");
  auto target = fields.text("target");
  if (!target) return std::unexpected(target.error());
  auto signal = fields.text("signal", "KILL");
  if (!signal) return std::unexpected(signal.error());
  if (std::ranges::find(kEndingSignals, *signal) == kEndingSignals.end()) {
    return base::fail("kill: signal must be one of {}, not {}", fmt::join(kEndingSignals, ", "), *signal);
  }
  const auto scope = fields.scope(Scope::kProcess);
  if (!scope) return std::unexpected(scope.error());
  auto down = fields.milliseconds("down_ms");
  if (!down) return std::unexpected(down.error());
  if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
  return Kill{.target = *target, .signal = *signal, .scope = *scope, .down_time = *down};
}

base::Result<Action> freeze_from_json(const json& object) {
  Fields fields(object, "freeze");
  auto target = fields.text("target");
  if (!target) return std::unexpected(target.error());
  auto duration = fields.milliseconds("duration_ms");
  if (!duration) return std::unexpected(duration.error());
  if (!*duration) return base::fail("freeze: duration_ms is missing");
  const auto scope = fields.scope(Scope::kTree);
  if (!scope) return std::unexpected(scope.error());
  if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
  return Freeze{.target = *target, .duration = **duration, .scope = *scope};
}

json as_json(const Kill& kill) {
  json object{{"target", kill.target}, {"signal", kill.signal}, {"scope", name_of(kill.scope)}};
  if (kill.down_time) object["down_ms"] = base::to_ms(*kill.down_time);
  return object;
}

json as_json(const Freeze& freeze) {
  return {{"target", freeze.target},
          {"duration_ms", base::to_ms(freeze.duration)},
          {"scope", name_of(freeze.scope)}};
}

std::string sentence(const Kill& kill) {
  const std::string_view whole = kill.scope == Scope::kTree ? " with all that it started" : "";
  const std::string back = kill.down_time ? fmt::format("down for {}", base::format_duration(*kill.down_time))
                                          : std::string("restarted by its own supervisor");
  return fmt::format("SIG{} to {}{}, {}", kill.signal, kill.target, whole, back);
}

std::string sentence(const Freeze& freeze) {
  const std::string_view whole = freeze.scope == Scope::kTree ? " with all that it started" : "";
  return fmt::format("{}{} frozen for {}", freeze.target, whole, base::format_duration(freeze.duration));
}

}  // namespace

std::string_view kind_of(const Action& action) {
  struct Kind {
    std::string_view operator()(const Kill&) const { return "kill"; }
    std::string_view operator()(const Freeze&) const { return "freeze"; }
  };
  return std::visit(Kind{}, action);
}

const std::string& target_of(const Action& action) {
  return std::visit([](const auto& fault) -> const std::string& { return fault.target; }, action);
}

std::optional<base::Nanos> active_time(const Action& action) {
  struct Time {
    std::optional<base::Nanos> operator()(const Kill& kill) const { return kill.down_time; }
    std::optional<base::Nanos> operator()(const Freeze& freeze) const { return freeze.duration; }
  };
  return std::visit(Time{}, action);
}

std::string describe(const Action& action) {
  return std::visit([](const auto& fault) { return sentence(fault); }, action);
}

json to_json(const Fault& fault) {
  json object{{"name", fault.name}, {"at_ms", base::to_ms(fault.at)}};
  object[std::string(kind_of(fault.action))] =
      std::visit([](const auto& f) { return as_json(f); }, fault.action);
  return object;
}

base::Result<Fault> fault_from_json(const json& object) {
  if (!object.is_object()) return base::fail("a fault must be an object");
  Fields fields(object, "fault");
  auto name = fields.text("name");
  if (!name) return std::unexpected(name.error());
  const std::string where = fmt::format("fault {}", *name);
  auto at = fields.milliseconds("at_ms");
  if (!at) return base::fail_within(where, at.error());

  const json* kill = fields.find("kill");
  const json* freeze = fields.find("freeze");
  if ((kill != nullptr) == (freeze != nullptr))
    return base::fail("{}: needs exactly one of kill, freeze", where);
  if (auto rest = fields.no_others(); !rest) return base::fail_within(where, rest.error());
  const json& body = kill != nullptr ? *kill : *freeze;
  if (!body.is_object())
    return base::fail("{}: {} must be an object", where, kill != nullptr ? "kill" : "freeze");
  auto action = kill != nullptr ? kill_from_json(body) : freeze_from_json(body);
  if (!action) return base::fail_within(where, action.error());
  return Fault{.name = *name, .action = *std::move(action), .at = at->value_or(base::Nanos{0})};
}

}  // namespace squall::fault
