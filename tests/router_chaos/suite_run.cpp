#include "router_chaos/suite_run.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "inject/heal_run.h"
#include "process/proc_status.h"
#include "process/run_members.h"

namespace squall::router_chaos {
namespace {

SuiteRun* the_run = nullptr;
constexpr int kExitSignalBase = 128;

boost::asio::awaitable<void> sleep_until(base::Instant instant) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_at(instant);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

base::Result<std::string> find_binary(const std::string& wanted, const char* name) {
  const std::filesystem::path path =
      wanted.empty() ? std::filesystem::read_symlink("/proc/self/exe").parent_path() / name
                     : std::filesystem::path(wanted);
  if (access(path.c_str(), X_OK) != 0) {
    return base::fail("{} is not there or not executable: build it (scripts/build.sh)", path.string());
  }
  return path.string();
}

// Removes the work folders ("work-<pid>-<start>") of runs that were killed before they could.
void remove_stale_work(const std::filesystem::path& artifacts) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(artifacts / ".work", ignored)) {
    process::ProcessIdentity owner;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "%d-%lu", &owner.pid, &owner.start_ticks) != 2) continue;
    if (!process::is_alive(owner)) std::filesystem::remove_all(entry.path(), ignored);
  }
}

base::Result<std::filesystem::path> make_work_folder(const std::filesystem::path& artifacts) {
  remove_stale_work(artifacts);
  const auto self = process::read_status(getpid());
  if (!self) return base::fail("/proc does not know this process: is it mounted?");
  const auto path =
      artifacts / ".work" / fmt::format("{}-{}", self->identity.pid, self->identity.start_ticks);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return base::fail("cannot make {}: {}", path.string(), error.message());
  return std::filesystem::absolute(path);
}

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

base::Result<std::unique_ptr<SuiteRun>> SuiteRun::create(SuiteOptions options) {
  auto nats = cluster::resolve_nats_server();
  if (!nats) return std::unexpected(nats.error());
  auto router = find_binary(options.router, "router");
  if (!router) return std::unexpected(router.error());
  auto worker = find_binary(options.worker, "router-worker");
  if (!worker) return std::unexpected(worker.error());
  options.router = *router;
  options.worker = *worker;

  auto folder = evidence::RunFolder::create(
      {.artifacts = options.artifacts, .name = "router-chaos", .anchor = base::WallAnchor::take()});
  if (!folder) return std::unexpected(folder.error());
  auto work_folder = make_work_folder(options.artifacts);
  if (!work_folder) return std::unexpected(work_folder.error());
  heal_earlier_runs(options.artifacts);
  const std::string run_id = process::unique_run_id(folder->path().filename().string());
  const auto journal_path = folder->path() / inject::kJournalName;
  auto journal = fault::Journal::open(journal_path, inject::this_run(run_id));
  if (!journal) return std::unexpected(journal.error());
  auto watchdog = inject::Watchdog::start(journal_path);
  if (!watchdog) return std::unexpected(watchdog.error());
  Parts parts{std::move(*nats), std::move(*folder), run_id, std::move(*journal), std::move(*watchdog)};
  std::unique_ptr<SuiteRun> run(new SuiteRun(std::move(options), std::move(parts)));
  run->work_folder_ = std::move(*work_folder);
  the_run = run.get();
  return run;
}

SuiteRun::SuiteRun(SuiteOptions options, Parts parts)
    : options_(std::move(options)),
      nats_(std::move(parts.nats)),
      folder_(std::move(parts.folder)),
      run_id_(std::move(parts.run_id)),
      journal_(std::move(parts.journal)),
      watchdog_(std::move(parts.watchdog)),
      live_(options_.live_fd),
      signals_(io_, SIGINT, SIGTERM, SIGHUP) {
  report_.name = "router-chaos";
  report_.started = folder_.anchor().wall;
  report_.evidence = folder_.path().string();
  watch_signals();
}

SuiteRun::~SuiteRun() {
  std::error_code ignored;
  std::filesystem::remove_all(work_folder_, ignored);
  the_run = nullptr;
}

SuiteRun& SuiteRun::current() {
  SQUALL_CHECK(the_run != nullptr);
  return *the_run;
}

void SuiteRun::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    // The second time nothing is waited for: the watchdog ends and heals what there is.
    if (interrupted_) _exit(kExitSignalBase + signal);
    interrupted_ = signal;
    watch_signals();
    throw Interrupted{signal};
  });
}

void SuiteRun::wait_until(base::Instant instant) { wait(sleep_until(instant)); }

void SuiteRun::event(const evidence::Event& event) {
  if (const auto written = folder_.append(event); !written)
    throw std::runtime_error(written.error().message());
}

void SuiteRun::say(const std::string& line) {
  live_.clear();
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace squall::router_chaos
