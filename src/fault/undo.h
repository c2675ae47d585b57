// How a fault is undone, as data that outlives Squall: written before the injection, interpreted by the run
// itself, by the watchdog or by `squall heal`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

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

using Undo = std::variant<Thaw, RestartServer>;

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
  UndoState state = UndoState::kPending;
  std::string reason;  // of a failure, or of vanishing

  bool operator==(const UndoEntry&) const = default;
};

std::string_view name_of(UndoState state);
// "thaw pid 812 and 2 more (freeze-router)"
std::string describe(const UndoEntry& entry);
nlohmann::json to_json(const UndoEntry& entry);
base::Result<UndoEntry> undo_entry_from_json(const nlohmann::json& json);

struct Undone {
  UndoState state = UndoState::kFailed;
  std::string reason;
};

// The seam between undo entries and the system: inject/undo_system.h does it, tests replace it. Each call is
// idempotent, has a bounded duration, and never answers kPending.
class UndoActions {
 public:
  virtual ~UndoActions() = default;
  virtual Undone thaw(const Thaw& thaw) = 0;
  virtual Undone restart_server(const RestartServer& restart) = 0;
};

Undone perform(const Undo& undo, UndoActions& actions);

}  // namespace squall::fault
