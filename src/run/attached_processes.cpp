#include "run/attached_processes.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace squall::run {
namespace {

using process::ProcessIdentity;
using process::ProcStatus;

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<ProcStatus> in_pid_file(const std::string& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  if (!(file >> pid) || pid <= 0) return {};
  const auto status = process::read_status(pid);
  if (!status || !status->alive()) return {};
  return {*status};
}

std::map<pid_t, pid_t> parents_in(const std::vector<ProcStatus>& table) {
  std::map<pid_t, pid_t> parents;
  for (const ProcStatus& each : table) parents[each.identity.pid] = each.parent;
  return parents;
}

// The pids above this one, the nearest first.
std::vector<pid_t> ancestors_of(pid_t pid, const std::map<pid_t, pid_t>& parents) {
  std::vector<pid_t> above;
  for (auto at = parents.find(pid); at != parents.end() && at->second > 0; at = parents.find(at->second)) {
    if (std::ranges::find(above, at->second) != above.end()) break;
    above.push_back(at->second);
  }
  return above;
}

bool says(const ProcStatus& status, const std::string& part) {
  return fmt::format("{}", fmt::join(status.arguments, " ")).find(part) != std::string::npos;
}

}  // namespace

bool is_in_unit(std::string_view cgroup, std::string_view unit) {
  const std::string name = std::string(unit) + (unit.find('.') == std::string_view::npos ? ".service" : "");
  while (!cgroup.empty()) {
    std::string_view line = cgroup.substr(0, cgroup.find('\n'));
    cgroup.remove_prefix(std::min(cgroup.size(), line.size() + 1));
    // "12:pids:/system.slice/orders.service/worker"
    while (!line.empty()) {
      const std::string_view part = line.substr(line.rfind('/') + 1);
      if (part == name) return true;
      line.remove_suffix(std::min(line.size(), part.size() + 1));
    }
  }
  return false;
}

std::vector<ProcessIdentity> roots_among(const std::vector<ProcStatus>& found,
                                         const std::vector<ProcStatus>& table) {
  const auto parents = parents_in(table);
  std::vector<ProcessIdentity> roots;
  for (const ProcStatus& each : found) {
    const auto above = ancestors_of(each.identity.pid, parents);
    const bool below_another = std::ranges::any_of(found, [&](const ProcStatus& other) {
      return std::ranges::find(above, other.identity.pid) != above.end();
    });
    if (!below_another) roots.push_back(each.identity);
  }
  std::ranges::sort(roots);
  return roots;
}

std::vector<ProcessIdentity> find_attached(const AttachedSearch& search) {
  std::vector<ProcStatus> found;
  std::vector<ProcStatus> table;
  if (!search.pid_file.empty()) {
    found = in_pid_file(search.pid_file);
  } else {
    table = process::all_processes();
    const auto self = process::read_status(getpid());
    const auto above = ancestors_of(getpid(), parents_in(table));
    for (const ProcStatus& each : table) {
      const pid_t pid = each.identity.pid;
      if (!each.alive() || pid == getpid() || std::ranges::find(above, pid) != above.end()) continue;
      if (!search.unit.empty()) {
        if (is_in_unit(contents_of(fmt::format("/proc/{}/cgroup", pid)), search.unit)) found.push_back(each);
        continue;
      }
      const auto status = process::read_status(each.identity);
      if (!status || !says(*status, search.matching)) continue;
      if (self && status->executable == self->executable) continue;
      found.push_back(*status);
    }
  }
  if (search.within) {
    std::set<ProcessIdentity> allowed;
    for (const process::ProcessTree& tree : *search.within) {
      for (const ProcStatus& member : tree.members()) allowed.insert(member.identity);
    }
    std::erase_if(found, [&](const ProcStatus& each) { return !allowed.contains(each.identity); });
  }
  return roots_among(found, table);
}

}  // namespace squall::run
