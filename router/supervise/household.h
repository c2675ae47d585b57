// What all processes of one router share: the configuration as the topmost process read it, the state board,
// the locked run dir and the planted defect. The topmost process founds it; each child gets it by inherited
// descriptors, so that a restart years later sees the very same configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "router/board/board.h"
#include "router/config/config_file.h"
#include "router/config/defect.h"
#include "router/observe/log.h"
#include "router/supervise/run_dir.h"

namespace router::supervise {

// How children find what they inherit.
struct Inheritance {
  std::string run_dir;
  int board_fd = -1;
  int config_fd = -1;
  int lock_fd = -1;
  config::Defect defect = config::Defect::none;
};

struct Household {
  config::RouterConfig config;
  squall::base::UniqueFd config_file;  // a sealed memfd with the packed ConfigText
  board::Board board;
  RunDir run_dir;
  config::Defect defect = config::Defect::none;
};

// config: parsed from text without problems. Errors: the run dir is taken, no memory.
squall::base::Result<Household> found_household(const config::ConfigText& text, config::RouterConfig config,
                                                config::Defect defect);
// In a child, first of all: closes every other descriptor, for good measure (listening sockets, clients).
squall::base::Result<Household> join_household(const Inheritance& inheritance);

// The command line that starts a child: this very binary, with `arguments` and the inheritance.
std::vector<std::string> child_command(const Household& household, std::vector<std::string> arguments);
std::vector<int> inherited_fds(const Household& household);

// The log as the configuration says, for a process of this role.
squall::base::Result<observe::Log> open_log(const Household& household, board::Role role, int index);

}  // namespace router::supervise
