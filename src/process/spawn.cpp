#include "process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace squall::process {
namespace {

// What a failing child reports through the close-on-exec pipe.
struct ChildFailure {
  int error_number;
  enum Step : int { kDirectory, kStreams, kParentGone, kExec } step;
};

std::vector<std::string> merged_environment(const SpawnOptions& options) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : options.environment) replaced = replaced || key == name;
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [key, value] : options.environment) merged.push_back(key + "=" + value);
  return merged;
}

std::vector<char*> as_pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Only async-signal-safe calls from here on: other threads may have held locks at the fork.
[[noreturn]] void run_child(const SpawnOptions& options, pid_t parent, int failure_fd, char* const* argv,
                            char* const* envp) {
  const auto give_up = [&](ChildFailure::Step step) {
    const ChildFailure failure{errno, step};
    (void)!write(failure_fd, &failure, sizeof failure);
    _exit(127);
  };
  if (options.new_session) setsid();
  if (options.die_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) give_up(ChildFailure::kParentGone);  // it died before the prctl
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2}) {
    signal(number, SIG_DFL);
  }
  const int null_fd = options.stdin_fd < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : options.stdin_fd;
  // dup2 onto itself would keep close-on-exec, hence the fcntl.
  const auto install = [&](int from, int to) {
    if (from < 0) return;
    if (from == to) {
      fcntl(to, F_SETFD, 0);
    } else if (dup2(from, to) < 0) {
      give_up(ChildFailure::kStreams);
    }
  };
  install(null_fd, STDIN_FILENO);
  install(options.stdout_fd, STDOUT_FILENO);
  install(options.stderr_fd, STDERR_FILENO);
  for (const int fd : options.inherited_fds) fcntl(fd, F_SETFD, 0);
  if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
    give_up(ChildFailure::kDirectory);
  }
  execvpe(argv[0], argv, envp);
  give_up(ChildFailure::kExec);
  _exit(127);
}

base::Result<Spawned> report_failure(const SpawnOptions& options, const ChildFailure& failure) {
  switch (failure.step) {
    case ChildFailure::kDirectory:
      return base::fail_errno(
          fmt::format("cannot start {} in {}", options.command[0], options.working_directory),
          failure.error_number);
    case ChildFailure::kStreams:
      return base::fail_errno(fmt::format("cannot redirect the output of {}", options.command[0]),
                              failure.error_number);
    case ChildFailure::kParentGone:
      return base::fail("cannot start {}: the parent died meanwhile", options.command[0]);
    case ChildFailure::kExec:
      break;
  }
  return base::fail_errno(fmt::format("cannot execute {}", options.command[0]), failure.error_number);
}

}  // namespace

base::Result<Spawned> spawn(const SpawnOptions& options) {
  if (options.command.empty() || options.command[0].empty())
    return base::fail("cannot start an empty command");

  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return base::fail_errno("cannot make a pipe", errno);
  base::UniqueFd failure_read(pipe_fds[0]);
  base::UniqueFd failure_write(pipe_fds[1]);

  std::vector<std::string> arguments = options.command;
  std::vector<std::string> environment = merged_environment(options);
  const std::vector<char*> argv = as_pointers(arguments);
  const std::vector<char*> envp = as_pointers(environment);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return base::fail_errno(fmt::format("cannot start {}", options.command[0]), errno);
  if (pid == 0) run_child(options, parent, failure_write.get(), argv.data(), envp.data());

  // Beyond this point there is a child; every error path reaps it.
  failure_write.reset();
  base::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const int pidfd_error = errno;
  ChildFailure failure{};
  ssize_t got = 0;
  do {
    got = read(failure_read.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof failure)) {
    waitpid(pid, nullptr, 0);
    return report_failure(options, failure);
  }
  if (!pidfd) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return base::fail_errno("cannot watch the new process (pidfd_open, Linux 5.3 or newer)", pidfd_error);
  }
  fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
  return Spawned{pid, std::move(pidfd)};
}

}  // namespace squall::process
