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

json as_json(const RestoreLimits& restore) {
  json limits = json::array();
  for (const RestoreLimits::Limit& limit : restore.limits) {
    limits.push_back({{"pid", limit.pid},
                      {"start_ticks", limit.start_ticks},
                      {"resource", limit.resource},
                      {"lowered", limit.lowered},
                      {"original", limit.original}});
  }
  return {{"restore_limits", std::move(limits)}};
}

json as_json(const RunCommand& command) {
  return {{"run_command",
           {{"command", command.command},
            {"folder", command.folder},
            {"deadline_ms", base::to_ms(command.deadline)}}}};
}

json as_json(const EndsWithRun& ends) { return {{"ends_with_run", {{"what", ends.what}}}}; }

// kill(0) and kill(-1) would reach far more than one process.
base::Result<void> check_pid(int pid) {
  if (pid <= 1) return base::fail("{} is no process of a fault", pid);
  return {};
}

base::Result<Undo> thaw_from_json(const json& object) {
  Thaw thaw{.processes = {}, .mark = object.at("mark").get<std::string>()};
  for (const json& process : object.at("processes")) {
    const Thaw::Process read{.pid = process.at("pid").get<int>(),
                             .start_ticks = process.at("start_ticks").get<std::uint64_t>()};
    if (auto checked = check_pid(read.pid); !checked) return std::unexpected(checked.error());
    thaw.processes.push_back(read);
  }
  return thaw;
}

base::Result<Undo> limits_from_json(const json& list) {
  RestoreLimits restore;
  for (const json& limit : list) {
    restore.limits.push_back({.pid = limit.at("pid").get<int>(),
                              .start_ticks = limit.at("start_ticks").get<std::uint64_t>(),
                              .resource = limit.at("resource").get<std::string>(),
                              .lowered = limit.at("lowered").get<std::uint64_t>(),
                              .original = limit.at("original").get<std::uint64_t>()});
    if (auto checked = check_pid(restore.limits.back().pid); !checked)
      return std::unexpected(checked.error());
  }
  return restore;
}

base::Result<Undo> undo_from_json(const json& object) {
  if (object.contains("thaw")) return thaw_from_json(object["thaw"]);
  if (object.contains("restart_server")) {
    return RestartServer{.server = object["restart_server"].at("server").get<std::string>()};
  }
  if (object.contains("restore_limits")) return limits_from_json(object["restore_limits"]);
  if (object.contains("run_command")) {
    const json& command = object["run_command"];
    RunCommand read{
        .command = command.at("command").get<std::vector<std::string>>(),
        .folder = command.at("folder").get<std::string>(),
        .deadline = base::Nanos{static_cast<std::int64_t>(command.at("deadline_ms").get<double>() * 1e6)}};
    if (read.command.empty() || read.command[0].empty()) return base::fail("an empty command");
    return read;
  }
  if (object.contains("ends_with_run"))
    return EndsWithRun{.what = object["ends_with_run"].at("what").get<std::string>()};
  return base::fail("an undo of no known kind");
}

std::string and_more(std::string first, std::size_t count) {
  if (count <= 1) return first;
  return fmt::format("{} and {} more", first, count - 1);
}

struct Sentence {
  std::string operator()(const Thaw& thaw) const {
    if (thaw.processes.empty()) return "thaw nothing";
    return and_more(fmt::format("thaw pid {}", thaw.processes[0].pid), thaw.processes.size());
  }
  std::string operator()(const RestartServer& restart) const { return "restart " + restart.server; }
  std::string operator()(const RestoreLimits& restore) const {
    if (restore.limits.empty()) return "restore no limit";
    const RestoreLimits::Limit& first = restore.limits[0];
    return and_more(fmt::format("restore {} of pid {}", first.resource, first.pid), restore.limits.size());
  }
  std::string operator()(const RunCommand& command) const {
    return fmt::format("run {}", fmt::join(command.command, " "));
  }
  std::string operator()(const EndsWithRun& ends) const { return ends.what; }
};

// For a POSIX shell.
std::string in_quotes(const std::string& word) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=@%+,").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

struct ByHand {
  std::string operator()(const Thaw& thaw) const {
    std::string command = "kill -CONT";
    for (const Thaw::Process& process : thaw.processes) command += fmt::format(" {}", process.pid);
    return thaw.processes.empty() ? "" : command;
  }
  std::string operator()(const RestartServer&) const { return ""; }
  std::string operator()(const RestoreLimits& restore) const {
    std::vector<std::string> commands;
    for (const RestoreLimits::Limit& limit : restore.limits) {
      const std::string value =
          limit.original == UINT64_MAX ? std::string("unlimited") : std::to_string(limit.original);
      commands.push_back(fmt::format("prlimit --pid {} --{}={}:", limit.pid, limit.resource, value));
    }
    return fmt::format("{}", fmt::join(commands, "; "));
  }
  std::string operator()(const RunCommand& command) const {
    std::vector<std::string> words;
    for (const std::string& word : command.command) words.push_back(in_quotes(word));
    const std::string line = fmt::format("{}", fmt::join(words, " "));
    return command.folder.empty() ? line : fmt::format("(cd {} && {})", in_quotes(command.folder), line);
  }
  std::string operator()(const EndsWithRun&) const { return ""; }
};

}  // namespace

std::string_view name_of(UndoState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "?";
}

std::string describe(const UndoEntry& entry) {
  return fmt::format("{} ({})", std::visit(Sentence{}, entry.undo), entry.fault);
}

std::string by_hand(const Undo& undo) { return std::visit(ByHand{}, undo); }

json to_json(const UndoEntry& entry) {
  json object{{"number", entry.number},
              {"fault", entry.fault},
              {"undo", std::visit([](const auto& undo) { return as_json(undo); }, entry.undo)},
              {"state", name_of(entry.state)}};
  if (entry.overdue_at) object["overdue_ns"] = entry.overdue_at->time_since_epoch().count();
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
                    .reason = object.value("reason", "")};
    if (object.contains("overdue_ns"))
      entry.overdue_at = base::Instant(base::Nanos{object["overdue_ns"].get<std::int64_t>()});
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
    Undone operator()(const RestoreLimits& limits) const { return actions.restore_limits(limits); }
    Undone operator()(const RunCommand& command) const { return actions.run_command(command); }
    Undone operator()(const EndsWithRun& ends) const { return actions.ends_with_run(ends); }
  };
  return std::visit(Perform{actions}, undo);
}

bool may_take_long(const Undo& undo) { return std::holds_alternative<RunCommand>(undo); }

}  // namespace squall::fault
