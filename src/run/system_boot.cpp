// The order in which a system comes up: with its servers first, on somebody's servers, or without any at
// first.
#include "run/running_system.h"

namespace squall::run {
namespace {

using std::chrono::seconds;

constexpr base::Nanos kServersStart = seconds(20);
// So long the processes are without a server (nats.start.down_at_start).
constexpr base::Nanos kWithoutServers = seconds(2);

}  // namespace

base::Result<void> RunningSystem::start() {
  if (auto started = start_servers(); !started) return started;
  if (boots_without_servers()) return boot_without();
  // Beyond this point NATS answers.
  if (experiment_.nats.attached() != nullptr) {
    auto guard = session_.wait(SharedGuard::begin(*control_, experiment_));
    if (!guard) return std::unexpected(guard.error());
    guard_ = std::move(*guard);
  }
  if (auto made = make_streams(); !made) return made;
  if (auto opened = open_links(); !opened) return opened;
  if (auto started = start_processes(); !started) return started;
  // Beyond this point every process runs and is ready.
  if (guard_) {
    if (auto alone = session_.wait(guard_->conclude()); !alone) return alone;
    seen_of_others_ = guard_->seen();
    guard_.reset();
  }
  return start_probes();
}

base::Result<void> RunningSystem::launch_servers() {
  if (auto up = session_.wait(deployment_->start(base::now() + kServersStart)); !up) return up;
  for (const auto& server : deployment_->servers()) {
    event(evidence::EventKind::process,
          fmt::format("{} started (pid {}, {})", server->name(), server->child()->pid(), server->url()));
  }
  return {};
}

bool RunningSystem::boots_without_servers() const {
  const experiment::StartedNats* started = experiment_.nats.started();
  return started != nullptr && started->down_at_start;
}

// As after a power cut in which the processes are quicker: they must still be there, and get ready, once the
// servers are.
base::Result<void> RunningSystem::boot_without() {
  if (auto opened = open_links(); !opened) return opened;
  if (auto started = start_processes(); !started) return started;
  session_.wait_for(kWithoutServers);
  if (auto up = launch_servers(); !up) return up;
  if (auto made = make_streams(); !made) return made;
  for (const experiment::Process& process : experiment_.processes) {
    if (process.started() == nullptr) continue;
    if (auto ready = wait_ready(process); !ready) return ready;
  }
  return start_probes();
}

std::filesystem::path RunningSystem::folder_of_commands() const {
  return std::filesystem::absolute(experiment_.file).parent_path();
}

}  // namespace squall::run
