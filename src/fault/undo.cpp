#include "fault/undo.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace squall::fault {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<UndoState, std::string_view>, 4> kStates{{{UndoState::kPending, "pending"},
                                                                         {UndoState::kUndone, "undone"},
                                                                         {UndoState::kVanished, "vanished"},
                                                                         {UndoState::kFailed, "failed"}}};

json as_json(const Thaw& thaw) {
  json processes = json::array();
  for (const Thaw::Process& process : thaw.processes) {
    processes.push_back({{"pid", process.pid}, {"start_ticks", process.start_ticks}});
  }
  return {{"thaw", {{"processes", std::move(processes)}, {"mark", thaw.mark}}}};
}

json as_json(const RestartServer& restart) { return {{"restart_server", {{"server", restart.server}}}}; }

base::Result<Undo> undo_from_json(const json& object) {
  if (object.contains("thaw")) {
    Thaw thaw{.processes = {}, .mark = object["thaw"].at("mark").get<std::string>()};
    for (const json& process : object["thaw"].at("processes")) {
      const Thaw::Process read{.pid = process.at("pid").get<int>(),
                               .start_ticks = process.at("start_ticks").get<std::uint64_t>()};
      // kill(0) and kill(-1) would reach far more than one process.
      if (read.pid <= 1) return base::fail("{} is no process to thaw", read.pid);
      thaw.processes.push_back(read);
    }
    return thaw;
  }
  if (object.contains("restart_server")) {
    return RestartServer{.server = object["restart_server"].at("server").get<std::string>()};
  }
  return base::fail("neither thaw nor restart_server");
}

}  // namespace

std::string_view name_of(UndoState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "?";
}

std::string describe(const UndoEntry& entry) {
  struct Sentence {
    std::string operator()(const Thaw& thaw) const {
      if (thaw.processes.empty()) return "thaw nothing";
      std::string first = fmt::format("thaw pid {}", thaw.processes[0].pid);
      if (thaw.processes.size() == 1) return first;
      return fmt::format("{} and {} more", first, thaw.processes.size() - 1);
    }
    std::string operator()(const RestartServer& restart) const { return "restart " + restart.server; }
  };
  return fmt::format("{} ({})", std::visit(Sentence{}, entry.undo), entry.fault);
}

json to_json(const UndoEntry& entry) {
  json object{{"number", entry.number},
              {"fault", entry.fault},
              {"undo", std::visit([](const auto& undo) { return as_json(undo); }, entry.undo)},
              {"state", name_of(entry.state)}};
  if (!entry.reason.empty()) object["reason"] = entry.reason;
  return object;
}

base::Result<UndoEntry> undo_entry_from_json(const json& object) {
  try {
    auto undo = undo_from_json(object.at("undo"));
    if (!undo) return base::fail_within("undo entry", undo.error());
    UndoEntry entry{.number = object.at("number").get<std::uint64_t>(),
                    .fault = object.at("fault").get<std::string>(),
                    .undo = *std::move(undo),
                    .state = UndoState::kPending,
                    .reason = object.value("reason", "")};
    const auto word = object.at("state").get<std::string>();
    for (const auto& [value, name] : kStates) {
      if (name == word) {
        entry.state = value;
        return entry;
      }
    }
    return base::fail("undo entry: unknown state {}", word);
  } catch (const json::exception& error) {
    return base::fail("undo entry: {}", error.what());
  }
}

Undone perform(const Undo& undo, UndoActions& actions) {
  struct Perform {
    UndoActions& actions;
    Undone operator()(const Thaw& thaw) const { return actions.thaw(thaw); }
    Undone operator()(const RestartServer& restart) const { return actions.restart_server(restart); }
  };
  return std::visit(Perform{actions}, undo);
}

}  // namespace squall::fault
