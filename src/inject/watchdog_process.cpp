// The watchdog's side: see watchdog.h.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <map>

#include "inject/heal_run.h"
#include "inject/undo_system.h"
#include "inject/watchdog.h"
#include "inject/watchdog_protocol.h"

namespace squall::inject {
namespace {

// The kernel closes a dying process's sockets before it tells who watches its pidfd.
constexpr base::Nanos kDyingPatience = std::chrono::seconds{1};
// An overdue fault whose undo failed is tried again this much later.
constexpr base::Nanos kRetry = std::chrono::seconds{1};

class Dog {
 public:
  Dog(std::filesystem::path journal, int control) : journal_(std::move(journal)), control_(control) {}

  int run() {
    auto content = fault::read_journal(journal_);
    if (!content || !content->run) return kWrongUse;
    squall_ = {content->run->pid, content->run->start_ticks};
    if (auto held = process::PidFd::open(squall_)) squall_fd_.emplace(*std::move(held));
    base::UniqueFd changes(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    inotify_add_watch(changes.get(), journal_.c_str(), IN_MODIFY);
    if (send(control_.get(), &kReady, 1, MSG_NOSIGNAL) != 1) return sweep("Squall is gone");
    look_at_deadlines();
    for (;;) {
      pollfd questions[3]{{control_.get(), POLLIN, 0},
                          {squall_fd_ ? squall_fd_->descriptor() : -1, POLLIN, 0},
                          {changes.get(), POLLIN, 0}};
      if (poll(questions, 3, milliseconds_left()) < 0 && errno != EINTR) return sweep("poll failed");
      if (questions[0].revents != 0) return sweep(wait_for_the_end());
      if (questions[1].revents != 0) return sweep("Squall is gone");
      char events[4096];
      while (read(changes.get(), events, sizeof events) > 0) {
      }
      look_at_deadlines();
    }
  }

 private:
  // The run said that it ended (nothing to say then), or its socket is closed because it is dying.
  std::string wait_for_the_end() const {
    char word = 0;
    if (recv(control_.get(), &word, 1, MSG_DONTWAIT) == 1 && word == kRunEnded) return "";
    for (const base::Instant deadline = base::now() + kDyingPatience;
         squall_fd_ && !squall_fd_->exited() && base::now() < deadline;) {
      pollfd question{squall_fd_->descriptor(), POLLIN, 0};
      (void)poll(&question, 1, 10);
    }
    return "Squall is gone";
  }

  int milliseconds_left() const {
    if (!next_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next_ - base::now()).count();
    return static_cast<int>(std::clamp<long>(left, 0, 60'000));
  }

  // Heals what is overdue, and finds out when the next fault will be.
  void look_at_deadlines() {
    next_.reset();
    const auto content = fault::read_journal(journal_);
    if (!content) return;  // read in the middle of a write: another change follows
    for (const fault::UndoEntry& entry : content->unsettled()) {
      if (!entry.overdue_at) continue;
      const auto tried = tried_at_.find(entry.number);
      base::Instant due = *entry.overdue_at;
      if (tried != tried_at_.end()) due = std::max(due, tried->second + kRetry);
      if (due <= base::now()) {
        heal_overdue(entry);
        due = base::now() + kRetry;
      }
      next_ = std::min(next_.value_or(due), due);
    }
  }

  void heal_overdue(const fault::UndoEntry& entry) {
    tried_at_[entry.number] = base::now();
    auto journal = fault::Journal::join(journal_);
    if (!journal) return say("cannot heal what is overdue: " + journal.error().message());
    UndoSystem system;
    // Its processes and rules are in Squall's own hands: a restart by us would end with us.
    if (std::holds_alternative<fault::RestartServer>(entry.undo) ||
        std::holds_alternative<fault::EndsWithRun>(entry.undo)) {
      return say(fmt::format("overdue, but only Squall can heal it: {}", fault::describe(entry)));
    }
    fault::Undone undone = fault::perform(entry.undo, system);
    say(fmt::format("overdue: {}: {} ({})", fault::describe(entry), name_of(undone.state), undone.reason));
    undone.reason = "by the watchdog, overdue: " + undone.reason;
    if (const auto settled = journal->settle(entry.number, undone); !settled) say(settled.error().message());
  }

  // Ends and heals everything. `why` is for the log; empty: the run ended well, and there should be nothing.
  int sweep(const std::string& why) {
    const base::Instant began = base::now();
    // A run that ended well still lives: it waits for our answer.
    const auto report = heal_run(journal_, {.force = false, .of_living_run = true});
    if (!report) {
      say("cannot heal: " + report.error().message());
      return kSomethingLeft;
    }
    if (!why.empty() || report->anything_done()) {
      say(fmt::format("{}: {} processes ended, {} faults healed, {}",
                      why.empty() ? "the run ended and had left something" : why, report->ended,
                      report->healed.size() - report->failed().size(),
                      base::format_duration(base::now() - began)));
    }
    for (const fault::UndoEntry& entry : report->failed())
      say(fmt::format("FAILED {}: {}", fault::describe(entry), entry.reason));
    for (const std::string& process : report->still_living) say("STILL LIVES " + process);
    return report->anything_left() ? kSomethingLeft : kAllHealed;
  }

  // Into watchdog.log beside the journal, which is only there if there was something to say.
  void say(const std::string& line) const {
    std::ofstream log(journal_.parent_path() / "watchdog.log", std::ios::app);
    log << base::format_utc(base::wall_now()) << " " << line << "\n";
  }

  std::filesystem::path journal_;
  base::UniqueFd control_;
  process::ProcessIdentity squall_;
  std::optional<process::PidFd> squall_fd_;
  std::optional<base::Instant> next_;
  std::map<std::uint64_t, base::Instant> tried_at_;
};

}  // namespace

std::optional<int> watchdog_main(int argc, const char* const* argv) {
  if (argc != 4 || std::string_view(argv[1]) != kWatchdogWord) return std::nullopt;
  int control = -1;
  const std::string_view number(argv[3]);
  std::from_chars(number.data(), number.data() + number.size(), control);
  if (control < 3 || fcntl(control, F_SETFD, FD_CLOEXEC) != 0) return kWrongUse;
  unsetenv(kWatchdogMark);  // a heal command may well start a Squall
  prctl(PR_SET_NAME, "squall-watchdog");
  // Signals that are meant for Squall reach it as well (a service manager stops the whole group): it goes
  // when Squall goes.
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2})
    signal(signal_number, SIG_IGN);
  return Dog(argv[2], control).run();
}

}  // namespace squall::inject
