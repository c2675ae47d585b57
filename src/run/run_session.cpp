#include "run/run_session.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <stdexcept>

#include "inject/heal_run.h"
#include "process/owned_folder.h"
#include "process/run_members.h"

namespace squall::run {
namespace {

constexpr int kExitSignalBase = 128;

// What a run that was killed has left (its own watchdog was killed, too, or could not undo it).
void heal_earlier_runs(const std::filesystem::path& artifacts) {
  for (const auto& journal : inject::runs_to_heal(artifacts)) {
    const auto report = inject::heal_run(journal, {});
    const std::string folder = journal.parent_path().string();
    if (!report) {
      std::fprintf(stderr, "squall: cannot heal %s: %s\n", folder.c_str(), report.error().message().c_str());
    } else if (report->anything_left()) {
      std::fprintf(stderr, "squall: an earlier run has left something: squall heal %s\n", folder.c_str());
    }
  }
}

}  // namespace

base::Result<Session::Parts> Session::prepare(const SessionOptions& options) {
  auto folder = evidence::RunFolder::create(
      {.artifacts = options.artifacts, .name = options.name, .anchor = base::WallAnchor::take()});
  if (!folder) return std::unexpected(folder.error());
  auto work_folder = process::make_owned_folder(options.artifacts / ".work", "");
  if (!work_folder) return std::unexpected(work_folder.error());
  heal_earlier_runs(options.artifacts);
  std::string run_id = process::unique_run_id(folder->path().filename().string());
  const auto journal_path = folder->path() / inject::kJournalName;
  auto journal = fault::Journal::open(journal_path, inject::this_run(run_id));
  if (!journal) return std::unexpected(journal.error());
  auto watchdog = inject::Watchdog::start(journal_path);
  if (!watchdog) return std::unexpected(watchdog.error());
  return Parts{std::move(*folder),  std::move(*work_folder), std::move(run_id),
               std::move(*journal), std::move(*watchdog),    options.live_fd};
}

Session::Session(Parts parts)
    : folder_(std::move(parts.folder)),
      work_folder_(std::move(parts.work_folder)),
      run_id_(std::move(parts.run_id)),
      journal_(std::move(parts.journal)),
      watchdog_(std::move(parts.watchdog)),
      live_(parts.live_fd),
      signals_(io_, SIGINT, SIGTERM, SIGHUP) {
  watch_signals();
}

Session::~Session() {
  std::error_code ignored;
  std::filesystem::remove_all(work_folder_, ignored);
}

void Session::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    // The second time nothing is waited for: the watchdog ends and heals what there is.
    if (interrupted_) _exit(kExitSignalBase + signal);
    interrupted_ = signal;
    watch_signals();
    throw Interrupted{signal};
  });
}

void Session::abort(std::string reason) {
  aborted_ = std::move(reason);
  throw Aborted{*aborted_};
}

void Session::wait_until(base::Instant instant) { wait(sleep_until(instant)); }

void Session::event(const evidence::Event& event) {
  if (const auto written = folder_.append(event); !written)
    throw std::runtime_error(written.error().message());
}

void Session::say(const std::string& line) {
  live_.clear();
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

boost::asio::awaitable<void> sleep_until(base::Instant instant) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_at(instant);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace squall::run
