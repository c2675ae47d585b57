// A run in small, to be killed at any instant: it has an evidence folder, a journal, a watchdog, children of
// its own (detached ones, too) and a listener, and freezes a stranger's process tree over and over.
//   faulted_run ARTIFACTS STRANGER_PID STRANGER_START_TICKS SEED PROGRESS_FILE FAULTS
// Exits with 0 after so many faults, if everything is as it was.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/asio_run.h"
#include "base/seed.h"
#include "evidence/run_folder.h"
#include "inject/freeze.h"
#include "inject/heal_run.h"
#include "inject/kill.h"
#include "inject/watchdog.h"
#include "process/child.h"
#include "process/run_members.h"
#include "support/faulted_run.h"

namespace squall {
namespace {

using namespace std::chrono_literals;
using testing::FaultedRunProgress;

// Each stage lasts so long that an instant drawn at random may well fall into it.
constexpr base::Nanos kShortestStage = 1ms;
constexpr std::uint64_t kSpreadNs = 3'000'000;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "faulted_run: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T must(base::Result<T> result) {
  if (!result) die(result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

int listen_somewhere(int socket) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);  // NOLINT: how sockets are addressed
  if (bind(socket, raw, size) != 0 || listen(socket, 8) != 0 || getsockname(socket, raw, &size) != 0)
    die("cannot listen");
  return ntohs(address.sin_port);
}

struct Arguments {
  std::filesystem::path artifacts;
  process::ProcessIdentity stranger;
  base::Seed seed{0};
  std::filesystem::path progress;
  int faults = 0;
};

class FaultedRun {
 public:
  explicit FaultedRun(const Arguments& arguments)
      : arguments_(arguments), progress_(testing::map_progress(arguments.progress)) {
    for (const auto& journal : inject::runs_to_heal(arguments.artifacts)) must(inject::heal_run(journal, {}));
    folder_.emplace(must(evidence::RunFolder::create(
        {.artifacts = arguments.artifacts, .name = "faulted", .anchor = base::WallAnchor::take()})));
    run_id_ = process::unique_run_id(folder_->path().filename().string());
    const auto journal = folder_->path() / inject::kJournalName;
    journal_.emplace(must(fault::Journal::open(journal, inject::this_run(run_id_))));
    watchdog_.emplace(must(inject::Watchdog::start(journal)));
    progress_.watchdog = watchdog_->pid();
    progress_.port = listen_somewhere(listener_.get());
    start_children();
  }

  void run() {
    for (int number = 0; number < arguments_.faults; ++number) {
      freeze_stranger(number);
      if (number % 3 == 2) kill_children();
      progress_.faults = number + 1;
    }
    children_.reset();
    must(folder_->seal());
    listener_.reset();
    must(watchdog_->end());
  }

 private:
  void start_children() {
    children_ = must(process::Child::start(
        io_, {.name = "family",
              .command = {"sh", "-c",
                          "sleep 601 & (setsid sleep 602 &); (setsid sh -c 'sleep 603 & wait' &); wait"},
              .log_path = folder_->logs() / "family.log",
              .run_id = run_id_}));
  }

  void kill_children() {
    must(base::run(io_, inject::kill_tree(children_->tree(), SIGKILL, base::now() + 5s)));
    start_children();
  }

  void freeze_stranger(int number) {
    inject::Safety safety(*journal_);
    safety.on_stage = [this, number](inject::Stage stage) { show(stage, number); };
    inject::Freeze freeze(process::ProcessTree({.identity = arguments_.stranger, .mark = {}}),
                          {.fault_name = fmt::format("freeze-{}", number), .duration = 1s}, safety);
    const auto injected = must(base::run(io_, freeze.inject(base::now() + 5s)));
    if (!injected.took_effect()) die(injected.observation);
    const auto healed = must(base::run(io_, freeze.heal(base::now() + 5s)));
    if (!healed.took_effect()) die(healed.observation);
  }

  void show(inject::Stage stage, int number) {
    constexpr FaultedRunProgress::Stage kShown[] = {FaultedRunProgress::kArmed, FaultedRunProgress::kActive,
                                                    FaultedRunProgress::kHealing, FaultedRunProgress::kIdle};
    const auto shown = kShown[static_cast<int>(stage)];
    progress_.stage = shown;
    must(folder_->append(evidence::Event{.at = base::now(),
                                         .kind = evidence::EventKind::fault,
                                         .what = fmt::format("fault {} stage {}", number, int{shown})}));
    if (progress_.started_ns == 0) progress_.started_ns = base::now().time_since_epoch().count();
    if (shown == FaultedRunProgress::kIdle) return;
    const base::Seed seed =
        arguments_.seed.derive(static_cast<std::uint64_t>(number)).derive(static_cast<std::uint64_t>(shown));
    std::this_thread::sleep_for(kShortestStage +
                                base::Nanos{static_cast<std::int64_t>(seed.below(kSpreadNs))});
  }

  Arguments arguments_;
  FaultedRunProgress& progress_;
  boost::asio::io_context io_;
  std::optional<evidence::RunFolder> folder_;
  std::string run_id_;
  std::optional<fault::Journal> journal_;
  std::optional<inject::Watchdog> watchdog_;
  base::UniqueFd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::unique_ptr<process::Child> children_;
};

}  // namespace
}  // namespace squall

int main(int argc, char** argv) {
  if (const auto code = squall::inject::watchdog_main(argc, argv)) return *code;
  if (argc != 7) return 2;
  squall::FaultedRun({.artifacts = argv[1],
                      .stranger = {std::atoi(argv[2]), std::strtoull(argv[3], nullptr, 10)},
                      .seed = squall::base::Seed(std::strtoull(argv[4], nullptr, 10)),
                      .progress = argv[5],
                      .faults = std::atoi(argv[6])})
      .run();
  return 0;
}
