#include "process/awaited_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process/process_tree.h"
#include "process/spawn.h"

namespace squall::process {
namespace {

constexpr std::size_t kOutputKept = 4096;
constexpr base::Nanos kKillPatience = std::chrono::milliseconds(500);

// Its output goes into memory and not into a pipe: nobody reads while it runs, and a daemon that it leaves
// behind must not keep us waiting for the pipe's end.
base::Result<base::UniqueFd> open_output() {
  base::UniqueFd file(memfd_create("squall-command", MFD_CLOEXEC));
  if (!file) return base::fail_errno("cannot keep a command's output", errno);
  return file;
}

std::string end_of(int file) {
  const off_t size = lseek(file, 0, SEEK_END);
  std::string text(std::min<std::size_t>(static_cast<std::size_t>(std::max<off_t>(size, 0)), kOutputKept),
                   '\0');
  const ssize_t got = pread(file, text.data(), text.size(), size - static_cast<off_t>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

bool exits_before(int pidfd, base::Instant deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now()).count();
    pollfd question{pidfd, POLLIN, 0};
    const int answer = poll(&question, 1, static_cast<int>(std::clamp<long>(left, 0, 3'600'000)));
    if (answer == 1) return true;
    if (answer == 0 && left <= 0) return false;
    if (answer < 0 && errno != EINTR) return false;
  }
}

}  // namespace

std::string CommandEnd::describe() const {
  std::string text = timed_out         ? std::string("did not end in time")
                     : exit_code == -1 ? std::string("ended by a signal")
                                       : fmt::format("exit code {}", exit_code);
  const std::string_view last_line = std::string_view(output).substr(output.rfind('\n') + 1);
  if (!last_line.empty()) text += fmt::format(": {}", last_line);
  return text;
}

base::Result<CommandEnd> run_awaited(const AwaitedCommand& command) {
  auto output = open_output();
  if (!output) return std::unexpected(output.error());
  const base::Instant deadline = base::now() + command.deadline;
  auto spawned = spawn({.command = command.command,
                        .working_directory = command.working_directory,
                        .stdout_fd = output->get(),
                        .stderr_fd = output->get()});
  if (!spawned) return std::unexpected(spawned.error());
  CommandEnd end{.timed_out = !exits_before(spawned->pidfd.get(), deadline)};
  if (end.timed_out) {
    const auto root = read_status(spawned->pid);
    const ProcessTree tree(
        {.identity = root ? root->identity : ProcessIdentity{spawned->pid, 0}, .mark = {}});
    (void)tree.kill_all(kKillPatience);
  }
  siginfo_t how{};
  while (waitid(P_PIDFD, static_cast<id_t>(spawned->pidfd.get()), &how, WEXITED) != 0 && errno == EINTR) {
  }
  if (!end.timed_out && how.si_code == CLD_EXITED) end.exit_code = how.si_status;
  end.output = end_of(output->get());
  return end;
}

}  // namespace squall::process
