// A child process of the guardian or of the supervisor, with its place on the board and its pid file kept
// true from start to burial. It does not decide whether to start again (restart_policy.h).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "router/supervise/household.h"

namespace router::supervise {

using squall::base::Instant;
using squall::base::Nanos;

// How a child ended.
struct Ending {
  int exit_code = 0;  // valid if signal is 0
  int signal = 0;
  Nanos uptime{};

  bool clean() const { return signal == 0 && exit_code == 0; }
};

// Thread: the main one only (a child dies with the *thread* that started it).
// Lifetime: the destructor kills and reaps a child that is still there.
class Offspring {
 public:
  // Which of the board's places it fills, and the arguments that make this binary run as it.
  Offspring(Household& household, board::Slot& slot, std::vector<std::string> arguments);
  Offspring(Offspring&&) = default;
  ~Offspring();

  squall::base::Result<void> start();
  // Sends a signal; a child that is gone is fine.
  void send(int signal) const;
  // Reaps it if it has ended, buries it on the board and removes its pid file.
  std::optional<Ending> reap();
  // SIGKILL, and reap.
  void kill_and_reap();

  bool running() const { return static_cast<bool>(pidfd_); }
  // To poll: readable when the child has ended. -1 (which poll skips) when there is none.
  int pidfd() const { return pidfd_.get(); }
  int pid() const { return pid_; }
  board::Slot& slot() const { return *slot_; }
  const std::string& name() const { return name_; }

 private:
  Household* household_;
  board::Slot* slot_;
  std::string name_;
  std::vector<std::string> arguments_;
  int pid_ = 0;
  squall::base::UniqueFd pidfd_;
  Instant started_{};
};

// Values of log fields: "SIGKILL" or null, an exit code or null.
std::string signal_name(int signal);
nlohmann::json exit_code_field(const Ending& ending);
nlohmann::json signal_field(const Ending& ending);

}  // namespace router::supervise
