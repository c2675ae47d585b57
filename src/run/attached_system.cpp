// The part of the running system that somebody else runs.
#include <algorithm>

#include "run/attached_processes.h"
#include "run/running_system.h"

namespace squall::run {
namespace {

constexpr base::Nanos kSearchEvery = std::chrono::milliseconds(20);

std::string how_it_is_found(const experiment::AttachedProcess& attached) {
  if (!attached.pid_file.empty()) return "pid_file " + attached.pid_file;
  if (!attached.unit.empty()) return "unit " + attached.unit;
  return fmt::format("a command line with \"{}\"", attached.matching);
}

}  // namespace

std::vector<process::ProcessIdentity> RunningSystem::find(const experiment::Process& process,
                                                          const experiment::AttachedProcess& attached) const {
  AttachedSearch search{.unit = attached.unit, .matching = attached.matching};
  for (const auto& [text, into] :
       {std::pair{&attached.pid_file, &search.pid_file}, std::pair{&attached.matching, &search.matching}}) {
    const auto filled = fill_in(*text, "");
    if (!filled) return {};
    *into = *filled;
  }
  if (!attached.of.empty()) {
    search.within.emplace();
    const experiment::Process* above = experiment_.find_process(attached.of);
    if (above != nullptr && above->attached() != nullptr) {
      for (const auto& root : find(*above, *above->attached())) {
        search.within->emplace_back(
            process::ProcessTree::Root{.identity = root, .mark = {}, .own_session = false});
      }
    } else if (const auto slots = slots_.find(attached.of); slots != slots_.end()) {
      for (const auto& slot : slots->second) {
        if (slot->running()) search.within->push_back(slot->child()->tree());
      }
    }
  }
  seen_[process.name] = find_attached(search);
  return seen_[process.name];
}

// All of them must live; the last one speaks for all.
std::optional<process::ProcessIdentity> RunningSystem::attached_identity(
    const experiment::Process& process) const {
  const auto wanted = static_cast<std::size_t>(process.replicas);
  std::vector<process::ProcessIdentity> found = seen_[process.name];
  const bool all_there = found.size() >= wanted && std::ranges::all_of(found, process::is_alive);
  if (!all_there) {
    if (base::now() - searched_at_ < kSearchEvery) return std::nullopt;
    found = find(process, *process.attached());
    if (found.size() < wanted) searched_at_ = base::now();
  }
  if (found.size() < wanted) return std::nullopt;
  return found.back();
}

base::Result<std::vector<Victim>> RunningSystem::attached_victims(const experiment::Process& process) const {
  const experiment::AttachedProcess& attached = *process.attached();
  const auto found = find(process, attached);
  const std::string within = attached.of.empty() ? "" : " in the tree of " + attached.of;
  if (found.size() < static_cast<std::size_t>(process.replicas)) {
    return base::fail("{} is not there: {} live processes of {} by {}{}", process.name, found.size(),
                      process.replicas, how_it_is_found(attached), within);
  }
  if (found.size() > static_cast<std::size_t>(process.at_most)) {
    return base::fail("{} is more than at_most {}: {} live processes by {}{}", process.name, process.at_most,
                      found.size(), how_it_is_found(attached), within);
  }
  std::vector<Victim> victims;
  for (const process::ProcessIdentity& identity : found) {
    const process::ProcessTree::Root root{.identity = identity, .mark = {}, .own_session = false};
    victims.push_back({.name = process.name, .tree = process::ProcessTree(root), .process = &process});
  }
  return victims;
}

}  // namespace squall::run
