#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "process/run_members.h"
#include "process/spawn.h"

namespace squall::process {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kKillPatience = std::chrono::seconds{2};
// Tells the trees of one run's children apart; inherited by all that the child starts.
constexpr std::string_view kMarkVariable = "SQUALL_CHILD";

std::string new_mark(const ChildOptions& options) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}/{}/{}.{}.{}", options.run_id, options.name, getpid(),
                     base::now().time_since_epoch().count(), ++counter);
}

base::Result<base::UniqueFd> open_log(const std::filesystem::path& path) {
  base::UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return base::fail_errno(fmt::format("cannot write the log {}", path.string()), errno);
  return file;
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal) return signal_name(*signal);
  return fmt::format("exit code {}", code.value_or(-1));
}

struct Child::State {
  ChildOptions options;
  base::Instant started_at;
  PidFd pid_fd;
  ProcessTree tree;
  asio::posix::stream_descriptor watched;  // a copy of the pidfd, for the io_context
  std::function<void(const ExitStatus&)> on_exit = {};
  std::optional<ExitStatus> exit = {};

  // Reaps the child if it has exited.
  void look() {
    if (exit) return;
    siginfo_t found{};
    int answer = 0;
    do {
      answer = waitid(P_PIDFD, static_cast<id_t>(pid_fd.descriptor()), &found, WEXITED | WNOHANG);
    } while (answer != 0 && errno == EINTR);
    if (answer == 0 && found.si_pid == 0) return;
    exit = ExitStatus{.code = {}, .signal = {}, .noticed_at = base::now()};
    if (answer != 0) return;  // somebody else reaped it: it is gone, nobody knows how
    if (found.si_code == CLD_EXITED) {
      exit->code = found.si_status;
    } else {
      exit->signal = found.si_status;
    }
  }
};

base::Result<std::unique_ptr<Child>> Child::start(asio::io_context& io, ChildOptions options) {
  SpawnOptions how{.command = options.command,
                   .environment = options.environment,
                   .working_directory = options.working_directory};
  const std::string mark = new_mark(options);
  how.environment.emplace_back(kRunIdVariable, options.run_id);
  how.environment.emplace_back(kMarkVariable, mark);
  base::UniqueFd log;
  if (!options.log_path.empty()) {
    auto opened = open_log(options.log_path);
    if (!opened) return base::fail_within(fmt::format("cannot start {}", options.name), opened.error());
    log = *std::move(opened);
    how.stdout_fd = how.stderr_fd = log.get();
  }
  const base::Instant started_at = base::now();
  auto spawned = spawn(how);
  if (!spawned) return base::fail_within(fmt::format("cannot start {}", options.name), spawned.error());
  // Not reaped yet, so its pid is its own, even if it has exited already.
  const auto status = read_status(spawned->pid);
  const ProcessIdentity identity{spawned->pid, status ? status->identity.start_ticks : 0};
  ProcessTree tree({.identity = identity, .mark = fmt::format("{}={}", kMarkVariable, mark)});
  asio::posix::stream_descriptor watched(io);
  if (const int copy = fcntl(spawned->pidfd.get(), F_DUPFD_CLOEXEC, 0); copy >= 0) watched.assign(copy);
  const auto state = std::make_shared<State>(State{std::move(options), started_at,
                                                   PidFd(std::move(spawned->pidfd), identity),
                                                   std::move(tree), std::move(watched)});
  if (state->watched.is_open()) watch(state);
  return std::unique_ptr<Child>(new Child(state));
}

// Notices the exit when it happens, whether or not anybody waits for it.
void Child::watch(const std::shared_ptr<State>& state) {
  const std::weak_ptr<State> weak = state;
  state->watched.async_wait(asio::posix::stream_descriptor::wait_read,
                            [weak](const boost::system::error_code& error) {
                              const auto alive = weak.lock();
                              if (error || !alive) return;
                              alive->look();
                              if (!alive->exit) return watch_again(alive);
                              if (alive->on_exit) alive->on_exit(*alive->exit);
                            });
}

// The pidfd of a process with several threads can be readable a moment before it can be reaped.
void Child::watch_again(const std::shared_ptr<State>& state) {
  const auto timer =
      std::make_shared<asio::steady_timer>(state->watched.get_executor(), std::chrono::milliseconds(1));
  timer->async_wait([weak = std::weak_ptr<State>(state), timer](const boost::system::error_code& error) {
    if (const auto alive = weak.lock(); alive && !error) watch(alive);
  });
}

Child::Child(std::shared_ptr<State> state) : state_(std::move(state)) {}

Child::~Child() {
  state_->look();
  (void)state_->tree.kill_all(kKillPatience);
  (void)state_->pid_fd.signal(SIGKILL);
  siginfo_t found{};
  while (!state_->exit &&
         waitid(P_PIDFD, static_cast<id_t>(state_->pid_fd.descriptor()), &found, WEXITED) != 0 &&
         errno == EINTR) {
  }
}

const std::string& Child::name() const { return state_->options.name; }
const std::filesystem::path& Child::log_path() const { return state_->options.log_path; }
ProcessIdentity Child::identity() const { return state_->pid_fd.identity(); }
base::Instant Child::started_at() const { return state_->started_at; }
const PidFd& Child::pid_fd() const { return state_->pid_fd; }
const ProcessTree& Child::tree() const { return state_->tree; }

std::optional<ExitStatus> Child::exit_status() const {
  state_->look();
  return state_->exit;
}

void Child::on_exit(std::function<void(const ExitStatus&)> callback) {
  state_->on_exit = std::move(callback);
  if (!state_->exit || !state_->on_exit) return;
  const std::weak_ptr<State> weak = state_;
  asio::post(state_->watched.get_executor(), [weak] {
    const auto alive = weak.lock();
    if (alive && alive->on_exit) alive->on_exit(*alive->exit);
  });
}

asio::awaitable<std::optional<ExitStatus>> Child::wait_exit(base::Instant deadline) {
  const auto state = state_;  // the child may be destroyed while somebody waits
  state->look();
  if (!state->exit && co_await state->pid_fd.wait_exit(deadline)) state->look();
  co_return state->exit;
}

base::Result<bool> Child::signal(int number) {
  if (exit_status()) return false;
  return state_->pid_fd.signal(number);
}

asio::awaitable<base::Result<ExitStatus>> Child::stop(base::Nanos grace) {
  const auto state = state_;
  if (!exit_status()) {
    auto sent = signal(SIGTERM);
    if (!sent) co_return base::fail_within(fmt::format("cannot stop {}", name()), sent.error());
    (void)signal(SIGCONT);  // a frozen one must run to end itself
    co_await wait_exit(base::now() + grace);
  }
  const auto left = state->tree.kill_all(kKillPatience);
  const auto exit = co_await wait_exit(base::now() + kKillPatience);
  if (!exit)
    co_return base::fail("cannot stop {}: pid {} outlives SIGKILL", state->options.name, state->pid_fd.pid());
  if (!left.empty()) {
    co_return base::fail("cannot stop {}: {} outlives SIGKILL", state->options.name, left.front().describe());
  }
  co_return *exit;
}

}  // namespace squall::process
