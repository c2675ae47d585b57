#include "fault/fault.h"

#include <array>
#include <nlohmann/json.hpp>

#include "fault/fault_kind.h"
#include "fault/json_fields.h"
#include "fault/nats_presets.h"

namespace squall::fault {
namespace {

using nlohmann::json;

// Signals that are meant to end a process; others would be a kill without an effect.
constexpr std::array<std::string_view, 9> kEndingSignals{"KILL", "TERM", "INT",  "QUIT", "HUP",
                                                         "ABRT", "SEGV", "USR1", "USR2"};

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::kTree:
      return "tree";
    case Scope::kProcess:
      return "process";
    case Scope::kChildren:
      return "children";
    case Scope::kChild:
      return "child";
  }
  return "";
}

base::Result<Scope> scope_of(JsonFields& fields, Scope otherwise, std::initializer_list<Scope> known) {
  auto word = fields.text("scope", std::string(name_of(otherwise)));
  if (!word) return std::unexpected(word.error());
  std::vector<std::string_view> names;
  for (const Scope scope : known) {
    if (*word == name_of(scope)) return scope;
    names.push_back(name_of(scope));
  }
  return base::fail("{}: scope must be {}, not {}", fields.where(), fmt::join(names, " or "), *word);
}

base::Result<Action> kill_from_json(const json& object) {
  JsonFields fields(object, "kill");
  auto target = fields.text("target");
  if (!target) return std::unexpected(target.error());
  auto signal = fields.text("signal", "KILL");
  if (!signal) return std::unexpected(signal.error());
  if (std::ranges::find(kEndingSignals, *signal) == kEndingSignals.end()) {
    return base::fail("kill: signal must be one of {}, not {}", fmt::join(kEndingSignals, ", "), *signal);
  }
  const auto scope =
      scope_of(fields, Scope::kProcess, {Scope::kTree, Scope::kProcess, Scope::kChildren, Scope::kChild});
  if (!scope) return std::unexpected(scope.error());
  auto down = fields.milliseconds("down_ms");
  if (!down) return std::unexpected(down.error());
  if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
  return Kill{.target = *target, .signal = *signal, .scope = *scope, .down_time = *down};
}

base::Result<Action> freeze_from_json(const json& object) {
  JsonFields fields(object, "freeze");
  auto target = fields.text("target");
  if (!target) return std::unexpected(target.error());
  auto duration = fields.milliseconds("duration_ms");
  if (!duration) return std::unexpected(duration.error());
  if (!*duration) return base::fail("freeze: duration_ms is missing");
  const auto scope = scope_of(fields, Scope::kTree, {Scope::kTree, Scope::kProcess});
  if (!scope) return std::unexpected(scope.error());
  if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
  return Freeze{.target = *target, .duration = **duration, .scope = *scope};
}

base::Result<Action> as_action(base::Result<OnTarget> on) {
  if (!on) return std::unexpected(on.error());
  return *std::move(on);
}

// Of the attributes of a kind, beside target and duration_ms.
base::Result<LinkFault> rule_from_json(const std::string& kind, const json& attributes) {
  const auto preset = std::ranges::find(nats_presets(), kind, &NatsPreset::name);
  if (preset != nats_presets().end()) {
    auto rule = nats_preset(kind, kind, attributes);
    if (!rule) return std::unexpected(rule.error());
    return LinkFault{.name = kind, .action = *std::move(rule)};
  }
  json object{{"name", kind}};
  json body = attributes;
  for (const char* common : {"stream", "toxicity"}) {
    if (!body.contains(common)) continue;
    object[common] = body[common];
    body.erase(common);
  }
  object[kind] = std::move(body);
  return link_fault_from_json(object);
}

base::Result<Action> on_link_from_json(const std::string& kind, const json& object) {
  JsonFields fields(object, kind);
  auto target = fields.text("target");
  if (!target) return std::unexpected(target.error());
  const auto duration = fields.milliseconds("duration_ms");
  if (!duration) return std::unexpected(duration.error());
  json attributes = object;
  attributes.erase("target");
  attributes.erase("duration_ms");
  const json* whole = fields.find("rule");
  if (whole != nullptr && attributes.size() > 1) {
    return base::fail("{}: expected either rule or the attributes of the kind", kind);
  }
  auto rule = whole != nullptr ? link_fault_from_json(*whole) : rule_from_json(kind, attributes);
  if (!rule) return std::unexpected(rule.error());
  return OnLink{.target = *target,
                .kind = kind,
                .rule = *std::move(rule),
                .duration = duration->value_or(base::Nanos{0})};
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

json as_json(const OnTarget& on) { return to_json(on); }

json as_json(const OnLink& on) {
  return {{"target", on.target}, {"duration_ms", base::to_ms(on.duration)}, {"rule", to_json(on.rule)}};
}

std::string sentence(const Kill& kill) {
  const std::string_view whole = kill.scope == Scope::kTree       ? " with all that it started"
                                 : kill.scope == Scope::kChildren ? "'s children"
                                 : kill.scope == Scope::kChild    ? "'s youngest child"
                                                                  : "";
  const std::string back = kill.down_time ? fmt::format("down for {}", base::format_duration(*kill.down_time))
                                          : std::string("restarted by its own supervisor");
  return fmt::format("SIG{} to {}{}, {}", kill.signal, kill.target, whole, back);
}

std::string sentence(const Freeze& freeze) {
  const std::string_view whole = freeze.scope == Scope::kTree ? " with all that it started" : "";
  return fmt::format("{}{} frozen for {}", freeze.target, whole, base::format_duration(freeze.duration));
}

std::string sentence(const OnTarget& on) { return describe(on); }

std::string sentence(const OnLink& on) {
  const std::string rule = describe(on.rule);
  const std::string lasts = on.duration > base::Nanos{0}
                                ? fmt::format(" for {}", base::format_duration(on.duration))
                                : std::string();
  return fmt::format("{} at the link of {}{} ({})", on.kind, on.target, lasts, rule);
}

// The kind whose field the object has, of all kinds.
base::Result<std::string> only_kind(JsonFields& fields, const std::string& where) {
  std::vector<std::string> kinds;
  for (const KindDoc& kind : fault_kinds()) kinds.push_back(kind.name);
  std::erase_if(kinds, [&](const std::string& kind) { return fields.find(kind.c_str()) == nullptr; });
  if (kinds.size() == 1) return kinds.front();
  return base::fail("{}: needs exactly one kind of fault (kill, freeze, or a preset such as ack_drop)",
                    where);
}

}  // namespace

std::string_view kind_of(const Action& action) {
  struct Kind {
    std::string_view operator()(const Kill&) const { return "kill"; }
    std::string_view operator()(const Freeze&) const { return "freeze"; }
    std::string_view operator()(const OnLink& on) const { return on.kind; }
    std::string_view operator()(const OnTarget& on) const { return on.kind; }
  };
  return std::visit(Kind{}, action);
}

const std::string& target_of(const Action& action) {
  return std::visit([](const auto& fault) -> const std::string& { return fault.target; }, action);
}

Action with_target(Action action, std::string target) {
  std::visit([&target](auto& fault) { fault.target = std::move(target); }, action);
  return action;
}

std::optional<base::Nanos> active_time(const Action& action) {
  struct Time {
    std::optional<base::Nanos> operator()(const Kill& kill) const { return kill.down_time; }
    std::optional<base::Nanos> operator()(const Freeze& freeze) const { return freeze.duration; }
    std::optional<base::Nanos> operator()(const OnLink& on) const { return on.duration; }
    std::optional<base::Nanos> operator()(const OnTarget& on) const { return on.duration; }
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
  JsonFields fields(object, "fault");
  auto name = fields.text("name");
  if (!name) return std::unexpected(name.error());
  const std::string where = fmt::format("fault {}", *name);
  auto at = fields.milliseconds("at_ms");
  if (!at) return base::fail_within(where, at.error());

  const auto kind = only_kind(fields, where);
  if (!kind) return std::unexpected(kind.error());
  if (auto rest = fields.no_others(); !rest) return base::fail_within(where, rest.error());
  const json& body = object.at(*kind);
  if (!body.is_object()) return base::fail("{}: {} must be an object", where, *kind);
  const auto own = std::ranges::find(target_fault_kinds(), *kind, &KindDoc::name);
  auto action = *kind == "kill"                     ? kill_from_json(body)
                : *kind == "freeze"                 ? freeze_from_json(body)
                : own != target_fault_kinds().end() ? as_action(on_target_from_json(*own, body))
                                                    : on_link_from_json(*kind, body);
  if (!action) return base::fail_within(where, action.error());
  return Fault{.name = *name, .action = *std::move(action), .at = at->value_or(base::Nanos{0})};
}

}  // namespace squall::fault
