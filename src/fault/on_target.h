// Faults of kinds that need no struct of their own: a kind, a target and settings, checked against the kind's
// table (fault_kind.h). How each is injected, proven and healed is one file of inject/ (reversible.h).
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace squall::fault {

struct KindDoc;

using Setting = std::variant<bool, double, std::string, std::vector<std::string>>;

struct OnTarget {
  std::string kind;                         // "signal", "reload"
  std::string target;                       // as the kind's TargetKind says; of commands: a name
  std::map<std::string, Setting> settings;  // by their names in the fault's JSON; defaults are filled in
  base::Nanos duration{};                   // from effect to heal; 0: it does not last

  // What the kind's table has; anything else is a broken invariant.
  const std::string& text(const std::string& name) const;
  const std::vector<std::string>& texts(const std::string& name) const;
  double number(const std::string& name) const;
  base::Nanos milliseconds(const std::string& name) const;
  bool has(const std::string& name) const { return settings.contains(name); }

  bool operator==(const OnTarget&) const = default;
};

// The kinds that are carried out so.
const std::vector<KindDoc>& target_fault_kinds();
// "reload of nats-1 for 3.00 s (configuration …)"
std::string describe(const OnTarget& on);
// {"target": …, "duration_ms": …} and the settings. Errors name the field.
nlohmann::json to_json(const OnTarget& on);
base::Result<OnTarget> on_target_from_json(const KindDoc& kind, const nlohmann::json& object);

}  // namespace squall::fault
