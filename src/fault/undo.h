// How a fault is undone, as data that outlives Squall: written before the injection, interpreted by the run
// itself, by the watchdog or by `squall heal`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace squall::fault {

// SIGCONT to these processes, if they are still the same, and to whatever else of their tree is stopped.
struct Thaw {
  struct Process {
    int pid = -1;
    std::uint64_t start_ticks = 0;  // see process::ProcessIdentity

    bool operator==(const Process&) const = default;
  };
  std::vector<Process> processes;
  std::string mark;  // the tree's environment entry, for members forked meanwhile; may be empty

  bool operator==(const Thaw&) const = default;
};

// Start a server that Squall killed. It dies with Squall, so after a crash there is nothing to restart.
struct RestartServer {
  std::string server;

  bool operator==(const RestartServer&) const = default;
};

// Give processes their soft limits back (prlimit), where they still have the one that the fault set.
struct RestoreLimits {
  struct Limit {
    int pid = -1;
    std::uint64_t start_ticks = 0;
    std::string resource;        // as in fault::limit_resources: "nofile"
    std::uint64_t lowered = 0;   // what the fault set
    std::uint64_t original = 0;  // UINT64_MAX: unlimited

    bool operator==(const Limit&) const = default;
  };
  std::vector<Limit> limits;

  bool operator==(const RestoreLimits&) const = default;
};

// Run the heal command that the user gave. It may run more than once: it must be idempotent.
struct RunCommand {
  std::vector<std::string> command;  // argv; no shell
  std::string folder;                // working directory; empty: the caller's
  base::Nanos deadline{};            // then it is ended, and the undo has failed

  bool operator==(const RunCommand&) const = default;
};

// Nothing but the run itself can undo it, and nothing is left of it once the run is over: a rule in Squall's
// own proxy, a stream on a server of Squall's own, a pause that the server ends by itself.
struct EndsWithRun {
  std::string what;  // "link orders: partition"

  bool operator==(const EndsWithRun&) const = default;
};

using Undo = std::variant<Thaw, RestartServer, RestoreLimits, RunCommand, EndsWithRun>;

enum class UndoState {
  kPending,
  kUndone,
  kVanished,  // its target is gone, so there is nothing left to undo
  kFailed,
};

struct UndoEntry {
  std::uint64_t number = 0;  // from 1, in the order of injection
  std::string fault;         // its name in the schedule
  Undo undo;
  // From then on the watchdog heals it, even while Squall lives. Nothing: only when Squall ends.
  std::optional<base::Instant> overdue_at = {};
  UndoState state = UndoState::kPending;
  std::string reason = {};  // of a failure, or of vanishing

  bool settled() const { return state == UndoState::kUndone || state == UndoState::kVanished; }
  bool operator==(const UndoEntry&) const = default;
};

std::string_view name_of(UndoState state);
// "thaw pid 812 and 2 more (freeze-router)"
std::string describe(const UndoEntry& entry);
// What somebody types who must undo it without Squall: "kill -CONT 812 813"; empty: there is no such command.
std::string by_hand(const Undo& undo);
nlohmann::json to_json(const UndoEntry& entry);
base::Result<UndoEntry> undo_entry_from_json(const nlohmann::json& json);

struct Undone {
  UndoState state = UndoState::kFailed;
  std::string reason = {};
};

// The seam between undo entries and the system: inject/undo_system.h does it, tests replace it. Each call is
// idempotent, has a bounded duration, and never answers kPending.
class UndoActions {
 public:
  virtual ~UndoActions() = default;
  virtual Undone thaw(const Thaw& thaw) = 0;
  virtual Undone restart_server(const RestartServer& restart) = 0;
  virtual Undone restore_limits(const RestoreLimits& limits) = 0;
  virtual Undone run_command(const RunCommand& command) = 0;
  virtual Undone ends_with_run(const EndsWithRun& ends) = 0;
};

Undone perform(const Undo& undo, UndoActions& actions);
// Its duration is not in our hands: quick ones are not kept waiting for it.
bool may_take_long(const Undo& undo);

}  // namespace squall::fault
