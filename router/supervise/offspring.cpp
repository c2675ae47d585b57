#include "router/supervise/offspring.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "process/spawn.h"

namespace router::supervise {

using squall::base::Result;

Offspring::Offspring(Household& household, board::Slot& slot, std::vector<std::string> arguments)
    : household_(&household), slot_(&slot), name_(slot.name()), arguments_(std::move(arguments)) {}

Offspring::~Offspring() { kill_and_reap(); }

Result<void> Offspring::start() {
  started_ = squall::base::now();
  slot_->prepare(started_);
  auto child = squall::process::spawn({.command = child_command(*household_, arguments_),
                                       .environment = {},
                                       .working_directory = {},
                                       .inherited_fds = inherited_fds(*household_),
                                       .new_session = true,
                                       .die_with_parent = true});
  if (!child) {
    slot_->buried();
    return std::unexpected(child.error());
  }
  pid_ = child->pid;
  pidfd_ = std::move(child->pidfd);
  slot_->set_pid(pid_);
  if (auto written = household_->run_dir.write_pid(name_, pid_); !written) {
    kill_and_reap();
    return written;
  }
  return {};
}

void Offspring::send(int signal) const {
  if (pidfd_) syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

std::optional<Ending> Offspring::reap() {
  if (!pidfd_) return std::nullopt;
  int status = 0;
  const pid_t reaped = waitpid(pid_, &status, WNOHANG);
  if (reaped == 0 || (reaped < 0 && errno == EINTR)) return std::nullopt;
  const Ending ending{.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                      .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                      .uptime = squall::base::now() - started_};
  pidfd_.reset();
  pid_ = 0;
  slot_->buried();
  household_->run_dir.remove_pid(name_);
  return ending;
}

void Offspring::kill_and_reap() {
  if (!pidfd_) return;
  send(SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pidfd_.reset();
  pid_ = 0;
  slot_->buried();
  household_->run_dir.remove_pid(name_);
}

std::string signal_name(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  return abbreviation == nullptr ? std::to_string(signal) : std::string("SIG") + abbreviation;
}

nlohmann::json exit_code_field(const Ending& ending) {
  return ending.signal == 0 ? nlohmann::json(ending.exit_code) : nlohmann::json(nullptr);
}

nlohmann::json signal_field(const Ending& ending) {
  return ending.signal == 0 ? nlohmann::json(nullptr) : nlohmann::json(signal_name(ending.signal));
}

}  // namespace router::supervise
