#include "inject/watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "fault/journal.h"
#include "inject/heal_run.h"
#include "inject/watchdog_protocol.h"
#include "process/run_members.h"
#include "process/spawn.h"

namespace squall::inject {
namespace {

constexpr base::Nanos kReadyPatience = std::chrono::seconds{10};
// Longer than any undo with its deadline should take; then Squall goes without an answer.
constexpr base::Nanos kEndPatience = std::chrono::minutes{2};

bool readable_before(int descriptor, base::Instant deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now()).count();
    pollfd question{descriptor, POLLIN, 0};
    const int answer = poll(&question, 1, static_cast<int>(std::max<long>(left, 0)));
    if (answer == 1) return true;
    if (answer == 0 && left <= 0) return false;
    if (answer < 0 && errno != EINTR) return false;
  }
}

int exit_code_of(const process::PidFd& process) {
  siginfo_t how{};
  while (waitid(P_PIDFD, static_cast<id_t>(process.descriptor()), &how, WEXITED) != 0) {
    if (errno != EINTR) return -1;
  }
  return how.si_code == CLD_EXITED ? how.si_status : -1;
}

}  // namespace

Watchdog::Watchdog(std::filesystem::path journal, process::PidFd process, base::UniqueFd control)
    : journal_(std::move(journal)), process_(std::move(process)), control_(std::move(control)) {}

// A moved-from watchdog is none: an optional would stay engaged.
Watchdog::Watchdog(Watchdog&& other) noexcept
    : journal_(std::move(other.journal_)),
      process_(std::exchange(other.process_, std::nullopt)),
      control_(std::move(other.control_)) {}

Watchdog& Watchdog::operator=(Watchdog&& other) noexcept {
  if (this == &other) return *this;
  (void)end();
  journal_ = std::move(other.journal_);
  process_ = std::exchange(other.process_, std::nullopt);
  control_ = std::move(other.control_);
  return *this;
}

base::Result<Watchdog> Watchdog::start(std::filesystem::path journal) {
  if (std::getenv(kWatchdogMark) != nullptr)  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return base::fail("this program was started as a watchdog and is none: main() must call watchdog_main()");
  std::error_code error;
  journal = std::filesystem::absolute(journal, error);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return base::fail_errno("cannot talk to a watchdog", errno);
  base::UniqueFd ours(sockets[0]);
  const base::UniqueFd theirs(sockets[1]);
  // It must neither keep a pipe open that somebody reads our output from, nor write into it.
  const base::UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  // Its own environment must not make it a member of a run that this Squall itself belongs to.
  auto spawned = process::spawn(
      {.command = {"/proc/self/exe", kWatchdogWord, journal.string(), std::to_string(theirs.get())},
       .environment = {{std::string(process::kRunIdVariable), ""}, {kWatchdogMark, "1"}},
       .working_directory = "/",
       .stdout_fd = nowhere.get(),
       .stderr_fd = nowhere.get(),
       .inherited_fds = {theirs.get()},
       .die_with_parent = false});
  if (!spawned) return base::fail_within("cannot start the watchdog", spawned.error());
  const auto status = process::read_status(spawned->pid);
  const process::ProcessIdentity identity{spawned->pid, status ? status->identity.start_ticks : 0};
  Watchdog watchdog(std::move(journal), process::PidFd(std::move(spawned->pidfd), identity), std::move(ours));
  char word = 0;
  if (!readable_before(watchdog.control_.get(), base::now() + kReadyPatience) ||
      read(watchdog.control_.get(), &word, 1) != 1 || word != kReady) {
    (void)watchdog.process_->signal(SIGKILL);
    return base::fail("the watchdog does not answer: does main() call watchdog_main()?");
  }
  return watchdog;
}

Watchdog::~Watchdog() { (void)end(); }

base::Result<void> Watchdog::end() {
  if (!process_) return {};
  (void)!send(control_.get(), &kRunEnded, 1, MSG_NOSIGNAL);
  const bool gone = readable_before(process_->descriptor(), base::now() + kEndPatience);
  const int code = gone ? exit_code_of(*process_) : -1;
  process_.reset();
  control_.reset();
  if (code == kAllHealed) return {};
  const std::string folder = journal_.parent_path().string();
  if (code == kSomethingLeft) return base::fail("something is left behind: squall heal {}", folder);
  return base::fail("the watchdog did not end as it should; look whether something is left: squall heal {}",
                    folder);
}

}  // namespace squall::inject
