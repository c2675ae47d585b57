#include "process/pid_fd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <utility>

namespace squall::process {

namespace asio = boost::asio;

PidFd::PidFd(base::UniqueFd pidfd, ProcessIdentity identity)
    : pidfd_(std::move(pidfd)), identity_(identity) {}

base::Result<PidFd> PidFd::open(ProcessIdentity identity) {
  auto opened = open(identity.pid);
  if (!opened) return opened;
  if (opened->identity() != identity) {
    return base::fail("pid {} is another process by now", identity.pid);
  }
  return opened;
}

base::Result<PidFd> PidFd::open(pid_t pid) {
  if (pid <= 0) return base::fail("{} is no process id", pid);
  base::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd && errno == ESRCH) return base::fail("there is no process with pid {}", pid);
  if (!pidfd) return base::fail_errno(fmt::format("cannot watch pid {}", pid), errno);
  fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
  // The start time is read after the pidfd was taken, and the process checked to live after that: so the
  // time read is that of the process that the pidfd names, for its pid cannot be reused while it lives.
  const auto status = read_status(pid);
  PidFd opened(std::move(pidfd), status ? status->identity : ProcessIdentity{});
  if (!status || opened.exited()) return base::fail("there is no process with pid {}", pid);
  return opened;
}

base::Result<bool> PidFd::signal(int number) const {
  // Looked at before: a zombie takes signals too, and a live one may be gone right after a SIGKILL.
  if (exited()) return false;
  if (syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  return base::fail_errno(fmt::format("cannot send {} to pid {}", signal_name(number), identity_.pid), errno);
}

bool PidFd::exited() const {
  pollfd question{pidfd_.get(), POLLIN, 0};
  return poll(&question, 1, 0) == 1 && (question.revents & POLLIN) != 0;
}

namespace {

// A copy of a pidfd for an io_context. Closing it would not take it out of epoll, where it stands until the
// last copy is closed: its event would then wake whoever waits for another process under the same number.
struct WatchedCopy {
  WatchedCopy(const asio::any_io_executor& executor, int copy) : descriptor(executor, copy) {}
  ~WatchedCopy() { ::close(descriptor.release()); }
  WatchedCopy(const WatchedCopy&) = delete;
  WatchedCopy& operator=(const WatchedCopy&) = delete;

  asio::posix::stream_descriptor descriptor;
};

}  // namespace

asio::awaitable<std::optional<base::Instant>> PidFd::wait_exit(base::Instant deadline) const {
  using namespace asio::experimental::awaitable_operators;
  if (exited()) co_return base::now();
  const auto executor = co_await asio::this_coro::executor;
  const int copy = fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) co_return std::nullopt;  // out of descriptors; the caller sees a passed deadline
  WatchedCopy watched(executor, copy);
  asio::steady_timer timer(executor, deadline);
  constexpr auto token = asio::as_tuple(asio::use_awaitable);
  while (!exited()) {
    if (base::now() >= deadline) co_return std::nullopt;
    co_await (watched.descriptor.async_wait(asio::posix::stream_descriptor::wait_read, token) ||
              timer.async_wait(token));
  }
  co_return base::now();
}

namespace {

constexpr std::array<std::pair<std::string_view, int>, 20> kSignals{
    {{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP},
     {"ABRT", SIGABRT}, {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
     {"SEGV", SIGSEGV}, {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
     {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"XCPU", SIGXCPU}}};

}  // namespace

std::string signal_name(int number) {
  for (const auto& [name, value] : kSignals) {
    if (value == number) return fmt::format("SIG{}", name);
  }
  return fmt::format("signal {}", number);
}

std::optional<int> signal_number(std::string_view name) {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) {
    return number > 0 && number < NSIG ? std::optional(number) : std::nullopt;
  }
  std::string upper;
  for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string_view bare(upper);
  if (bare.starts_with("SIG")) bare.remove_prefix(3);
  for (const auto& [known, value] : kSignals) {
    if (known == bare) return value;
  }
  return std::nullopt;
}

}  // namespace squall::process
