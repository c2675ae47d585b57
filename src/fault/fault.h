// Faults as plain data: what is done to which target, and when. No sockets, clocks, threads or files: how a
// fault is injected, proven and healed is inject/'s affair, one file per kind.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fault/link_fault.h"
#include "fault/on_target.h"

namespace squall::fault {

// Which processes of the target are struck.
enum class Scope {
  kTree,      // the process and all that it started
  kProcess,   // that one process
  kChildren,  // all that it started, and not itself: does who supervises them bring them back?
  kChild,     // the youngest of those
};

// Ends the target. Its heal is the restart: by Squall after the down time, or by whoever restarts it.
struct Kill {
  std::string target;           // a process name: "nats-1", "router"
  std::string signal = "KILL";  // without SIG
  Scope scope = Scope::kProcess;
  // Squall restarts the target this long after the effect; nothing: somebody else does.
  std::optional<base::Nanos> down_time;

  bool operator==(const Kill&) const = default;
};

// Stops the target where it stands (SIGSTOP); its heal is SIGCONT after the duration.
struct Freeze {
  std::string target;
  base::Nanos duration{};
  Scope scope = Scope::kTree;

  bool operator==(const Freeze&) const = default;
};

// A fault of a link's bytes or of its NATS frames; its heal is its removal after the duration.
struct OnLink {
  std::string target;  // a link, or a process: its own link
  std::string kind;    // "latency", or a preset of nats_presets.h: "ack_delay"
  LinkFault rule;      // its name is not used: the link calls it as the Fault is called
  base::Nanos duration{};

  bool operator==(const OnLink&) const = default;
};

using Action = std::variant<Kill, Freeze, OnLink, OnTarget>;

struct Fault {
  std::string name;  // unique in a schedule: "kill-nats"
  Action action;
  base::Nanos at{};  // from the beginning of its trial's fault phase

  bool operator==(const Fault&) const = default;
};

std::string_view kind_of(const Action& action);  // "kill", "freeze", "ack_delay"
const std::string& target_of(const Action& action);
// The same at another target.
Action with_target(Action action, std::string target);
// From effect to heal, as far as Squall decides it; nothing when somebody else heals.
std::optional<base::Nanos> active_time(const Action& action);
// "SIGKILL to nats-1, down for 2.00 s"
std::string describe(const Action& action);

// JSON: {"name": "kill-nats", "at_ms": 250, "kill": {"target": "nats-1", "signal": "KILL", "scope":
// "process", "down_ms": 2000}}. A preset has its attributes beside target and duration_ms, or the whole rule:
// {"ack_drop": {"target": "orders", "duration_ms": 4000, "consumer": "worker"}}; the latter is what is
// written. Fractions of a millisecond are kept. Errors name the field; unknown fields are errors.
nlohmann::json to_json(const Fault& fault);
base::Result<Fault> fault_from_json(const nlohmann::json& json);

}  // namespace squall::fault
