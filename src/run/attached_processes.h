// Somebody else's processes, found anew whenever they are asked for: by a pid file, a systemd unit or a part
// of the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/process_section.h"
#include "process/process_tree.h"

namespace squall::run {

struct AttachedSearch {
  std::string pid_file;  // with its variables filled in
  std::string unit;
  std::string matching;
  // Only what is in one of these trees counts (`of`); nothing: everything does.
  std::optional<std::vector<process::ProcessTree>> within;
};

// The roots, by pid: of a process and its descendants that all match, the process alone. Never Squall itself,
// what started it, or another Squall.
std::vector<process::ProcessIdentity> find_attached(const AttachedSearch& search);

// The rest is pure, for tests.
// Whether /proc/<pid>/cgroup puts the process into this unit ("orders" means "orders.service").
bool is_in_unit(std::string_view cgroup, std::string_view unit);
// Those of `found` that descend from no other of them; `table` has every process.
std::vector<process::ProcessIdentity> roots_among(const std::vector<process::ProcStatus>& found,
                                                  const std::vector<process::ProcStatus>& table);

}  // namespace squall::run
