// A process that Squall started: in its own session, its output appended to a log file directly (nothing is
// lost when Squall dies), its exit noticed through its pidfd. It is not restarted; whoever wants that starts
// a new one.
//
// A child dies with the thread that started it (see spawn.h), so start children on a thread that outlives
// them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "process/pid_fd.h"
#include "process/process_tree.h"

namespace squall::process {

struct ChildOptions {
  std::string name;                  // its role: "router", "nats-1"
  std::vector<std::string> command;  // argv; no shell
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory;
  std::filesystem::path log_path;  // stdout and stderr are appended; empty: both inherited
  std::string run_id;              // its SQUALL_RUN_ID
};

struct ExitStatus {
  std::optional<int> code;    // it exited
  std::optional<int> signal;  // or was ended by this signal
  base::Instant noticed_at;   // when its pidfd said so

  std::string describe() const;  // "exit code 1", "SIGKILL"
};

class Child {
 public:
  // Errors: those of spawn(), or the log file cannot be opened; all name the child.
  static base::Result<std::unique_ptr<Child>> start(boost::asio::io_context& io, ChildOptions options);
  // Ends the whole tree with SIGKILL and reaps the child. Blocks for milliseconds.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const std::string& name() const;
  const std::filesystem::path& log_path() const;
  ProcessIdentity identity() const;
  pid_t pid() const { return identity().pid; }
  base::Instant started_at() const;
  const PidFd& pid_fd() const;
  // The child and all that it started, detached grandchildren included.
  const ProcessTree& tree() const;

  bool running() const { return !exit_status().has_value(); }
  // Asks the kernel, so it is right even while the io_context is not running.
  std::optional<ExitStatus> exit_status() const;
  // Called once on the io_context when the exit is noticed (at once if it has been); replaces the previous
  // one.
  void on_exit(std::function<void(const ExitStatus&)> callback);
  // Nothing when it still runs at the deadline. Any number of waiters.
  boost::asio::awaitable<std::optional<ExitStatus>> wait_exit(base::Instant deadline);
  // To the child alone. False: it had already exited.
  base::Result<bool> signal(int number);
  // SIGTERM to the child, after `grace` SIGKILL to the whole tree; returns when nothing of it lives.
  boost::asio::awaitable<base::Result<ExitStatus>> stop(base::Nanos grace);

 private:
  struct State;
  static void watch(const std::shared_ptr<State>& state);
  static void watch_again(const std::shared_ptr<State>& state);
  explicit Child(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace squall::process
