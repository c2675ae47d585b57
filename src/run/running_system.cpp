#include "run/running_system.h"

#include <filesystem>
#include <set>
#include <utility>

#include "experiment/variables.h"
#include "process/log_tail.h"
#include "run/made_streams.h"
#include "run/nats_access.h"

namespace squall::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kServersStart = seconds(20);
constexpr base::Nanos kDownAtStart = seconds(1);

std::string replica_name(const experiment::Process& process, int replica) {
  return process.replicas == 1 ? process.name : fmt::format("{}-{}", process.name, replica + 1);
}

// A `ready:` that asks for a line of a log means the process's own.
std::optional<experiment::Question> ready_of(const experiment::Process& process) {
  const experiment::StartedProcess* started = process.started();
  if (started == nullptr || !started->ready) return std::nullopt;
  experiment::Question question = *started->ready;
  if (auto* says = std::get_if<experiment::LogSays>(&question); says && says->process.empty()) {
    says->process = process.name;
  }
  return question;
}

}  // namespace

// What a process has said since its last start: only as much as the questions about it need.
struct RunningSystem::LogWatch {
  std::set<std::string> texts;
  std::set<std::string> said;
  std::vector<std::unique_ptr<process::LogTail>> tails;  // one for each replica
};

RunningSystem::RunningSystem(Session& session, const experiment::Experiment& experiment, std::uint64_t seed)
    : session_(session), experiment_(experiment), seed_(seed) {}

RunningSystem::~RunningSystem() = default;

void RunningSystem::watch(std::function<probe::Finding()> backlog,
                          probe::Operational::OnObservation on_observation) {
  backlog_ = std::move(backlog);
  on_observation_ = std::move(on_observation);
}

void RunningSystem::event(evidence::EventKind kind, std::string what) {
  session_.event({.at = base::now(), .kind = kind, .what = std::move(what), .case_name = experiment_.name});
}

base::Result<void> RunningSystem::start() {
  if (auto reached = reach_servers(); !reached) return reached;
  if (down_at_start()) {
    if (auto opened = open_links(); !opened) return opened;
    if (auto started = start_processes(); !started) return started;
    // Long enough for each process to find nobody.
    session_.wait_for(kDownAtStart);
    if (auto up = start_servers(); !up) return up;
    if (auto made = make_streams(); !made) return made;
  } else {
    if (auto up = start_servers(); !up) return up;
    if (auto made = make_streams(); !made) return made;
    // Beyond this point NATS answers.
    if (auto begun = begin_guard(); !begun) return begun;
    // Nothing of the experiment's runs yet: whoever publishes now is somebody else.
    if (auto alone = conclude_guard(); !alone) return alone;
    if (auto opened = open_links(); !opened) return opened;
    if (auto started = start_processes(); !started) return started;
  }
  for (const experiment::Process& process : experiment_.processes) {
    if (process.started() == nullptr || !down_at_start()) continue;
    if (auto ready = wait_ready(process); !ready) return ready;
  }
  // Beyond this point every process runs and is ready.
  return start_probes();
}

base::Result<void> RunningSystem::begin_guard() {
  if (experiment_.nats.attached() == nullptr) return {};
  auto guard = session_.wait(SharedGuard::begin(*control_, experiment_));
  if (!guard) return std::unexpected(guard.error());
  guard_ = std::move(*guard);
  return {};
}

base::Result<void> RunningSystem::conclude_guard() {
  if (!guard_) return {};
  if (auto alone = session_.wait(guard_->conclude()); !alone) return alone;
  seen_of_others_ = guard_->seen();
  guard_.reset();
  return {};
}

std::filesystem::path RunningSystem::folder_of_commands() const {
  return std::filesystem::absolute(experiment_.file).parent_path();
}

bool RunningSystem::down_at_start() const {
  return experiment_.nats.started() != nullptr && experiment_.nats.started()->down_at_start;
}

base::Result<void> RunningSystem::reach_servers() {
  client::Access access;
  if (const experiment::StartedNats* started = experiment_.nats.started()) {
    cluster::DeploymentOptions options{.servers = started->servers,
                                       .run_folder = session_.folder().path(),
                                       .store_folder = session_.work_folder() / "nats",
                                       .run_id = session_.run_id(),
                                       .extra_configuration = started->configuration};
    if (!started->binary.empty()) options.binary = started->binary;
    if (!started->sync_interval.empty()) options.sync_interval = started->sync_interval;
    auto deployment = cluster::Deployment::prepare(session_.io(), options);
    if (!deployment) return std::unexpected(deployment.error());
    deployment_ = std::move(*deployment);
    nats_version_ = deployment_->binary().version.text();
    access = access_to(*deployment_);
    control_ = std::make_unique<ControlLink>(session_.io(), access);
    return {};
  }
  auto attached = access_to(*experiment_.nats.attached(), experiment_.allow);
  if (!attached) return std::unexpected(attached.error());
  control_ = std::make_unique<ControlLink>(session_.io(), std::move(*attached));
  auto version = session_.wait(control_->server_version(base::now() + seconds(5)));
  if (!version) return std::unexpected(version.error());
  nats_version_ = std::move(*version);
  wants_tls_ = control_->over_tls();
  return {};
}

base::Result<void> RunningSystem::start_servers() {
  if (!deployment_) return {};
  if (auto up = session_.wait(deployment_->start(base::now() + kServersStart)); !up) return up;
  for (const auto& server : deployment_->servers()) {
    event(evidence::EventKind::process,
          fmt::format("{} started (pid {}, {})", server->name(), server->child()->pid(), server->url()));
    if (links_) session_.wait(links_->listen_for(server->client_port(), true));
  }
  return {};
}

base::Result<void> RunningSystem::make_streams() {
  if (experiment_.nats.streams.empty() && experiment_.nats.consumers.empty()) return {};
  return session_.wait(
      run::make_streams(*control_, experiment_.nats, session_.run_id(), made_, base::now() + seconds(10)));
}

base::Result<void> RunningSystem::open_links() {
  links_ = std::make_unique<SystemLinks>(session_);
  return links_->open(experiment_, control_->access(),
                      {.seed = seed_, .listening = !down_at_start(), .tls = wants_tls_});
}

std::optional<std::string> RunningSystem::variable(const std::string& name,
                                                   const std::string& own_process) const {
  if (name == "nats.link" && links_->has(own_process)) return links_->address(own_process);
  if (name == "nats.url" || name == "nats.link") return urls_of(control_->access());
  if (name.starts_with("link.") && links_->has(name.substr(5))) return links_->address(name.substr(5));
  if (name == "run.id") return session_.run_id();
  if (name == "run.folder") return session_.work_folder().string();
  if (name.starts_with("process.") && name.ends_with(".port")) {
    const auto port = health_ports_.find(name.substr(8, name.size() - 13));
    if (port != health_ports_.end()) return std::to_string(port->second.port());
  }
  return std::nullopt;
}

base::Result<std::string> RunningSystem::fill_in(const std::string& text,
                                                 const std::string& own_process) const {
  return experiment::fill_in(text, [&](const std::string& name) { return variable(name, own_process); });
}

base::Result<void> RunningSystem::start_processes() {
  asked_ =
      std::make_unique<Asked>(Asked{.io = session_.io(),
                                    .nats = *control_,
                                    .fill_in = [this](const std::string& text) { return fill_in(text, ""); },
                                    .process = [this](const std::string& name) { return identity_of(name); },
                                    .log_says =
                                        [this](const std::string& name, const std::string& text) {
                                          const auto log = logs_.find(name);
                                          return log != logs_.end() && log->second->said.contains(text);
                                        }});
  for (const experiment::Process& process : experiment_.processes) {
    const experiment::StartedProcess* started = process.started();
    if (started == nullptr || !started->health_port) continue;
    auto port = cluster::PortReservation::take();
    if (!port) return std::unexpected(port.error());
    health_ports_.emplace(process.name, std::move(*port));
  }
  for (const experiment::Process& process : experiment_.processes) {
    if (process.started() == nullptr) continue;
    if (auto started = start_process(process); !started) return started;
    if (down_at_start()) continue;
    if (auto ready = wait_ready(process); !ready) return ready;
  }
  return {};
}

base::Result<void> RunningSystem::start_process(const experiment::Process& process) {
  const experiment::StartedProcess& how = *process.started();
  process::ChildOptions child{.run_id = session_.run_id()};
  for (const std::string& word : how.command) {
    auto filled = fill_in(word, process.name);
    if (!filled) return base::fail_within(process.name, filled.error());
    child.command.push_back(std::move(*filled));
  }
  child.environment.emplace_back("NATS_URL", *variable("nats.link", process.name));
  if (how.health_port) {
    child.environment.emplace_back("HEALTH_PORT", std::to_string(health_ports_.at(process.name).port()));
  }
  for (const auto& [name, value] : how.env) {
    auto filled = fill_in(value, process.name);
    if (!filled) return base::fail_within(process.name, filled.error());
    std::erase_if(child.environment, [&](const auto& known) { return known.first == name; });
    child.environment.emplace_back(name, std::move(*filled));
  }
  // Relative paths of an experiment are relative to its folder, the program's own, too.
  child.working_directory = std::filesystem::absolute(experiment_.file).parent_path() / how.folder;
  LogWatch& log = *(logs_[process.name] = std::make_unique<LogWatch>());
  for (int replica = 0; replica < process.replicas; ++replica) {
    SlotSettings settings{.child = child, .stop_grace = how.stop_grace};
    settings.child.name = replica_name(process, replica);
    settings.child.log_path = session_.folder().logs() / (settings.child.name + ".log");
    if (process.restart.by == experiment::RestartedBy::kSquall)
      settings.restart_after = process.restart.after;
    const auto log_path = settings.child.log_path;
    ProcessSlot::Callbacks callbacks{
        .on_start =
            [this, &log](const process::Child& started) {
              log.said.clear();
              event(evidence::EventKind::process,
                    fmt::format("{} started (pid {})", started.name(), started.pid()));
            },
        .on_exit =
            [this](const process::Child& ended, const process::ExitStatus& status, bool expected) {
              event(evidence::EventKind::process,
                    fmt::format("{} (pid {}) ended: {}", ended.name(), ended.pid(), status.describe()));
              if (expected) return;
              if (const auto line = own_ends_.note(ended.name(), status)) session_.say(*line);
            },
        .on_failed_start =
            [this, name = settings.child.name](const base::Error& error) {
              event(evidence::EventKind::process,
                    fmt::format("{} could not be started again: {}", name, error.message()));
            }};
    auto slot = std::make_unique<ProcessSlot>(session_.io(), std::move(settings), std::move(callbacks));
    if (auto started = slot->start(); !started) return started;
    slots_[process.name].push_back(std::move(slot));
    auto tail = process::LogTail::start(session_.io(), log_path, process::LogTail::From::kStart,
                                        [&log](const process::LogLine& line) {
                                          for (const std::string& text : log.texts) {
                                            if (line.text.find(text) != line.text.npos) log.said.insert(text);
                                          }
                                        });
    if (!tail) return std::unexpected(tail.error());
    log.tails.push_back(std::move(*tail));
  }
  return {};
}

base::Result<void> RunningSystem::wait_ready(const experiment::Process& process) {
  const experiment::StartedProcess& how = *process.started();
  probe::Probe* question = nullptr;
  if (const auto ready = ready_of(process)) {
    if (const auto* says = std::get_if<experiment::LogSays>(&*ready)) {
      logs_[says->process]->texts.insert(says->text);
    }
    auto made = make_probe(*ready, *asked_);
    if (!made) return base::fail_within(process.name, made.error());
    question = made->get();
    // A question that a signal interrupts is still asked while everything is stopped.
    ready_questions_.push_back(std::move(*made));
  }
  const base::Instant deadline = base::now() + how.ready_within;
  std::string last = "it has not been asked yet";
  while (true) {
    for (const auto& slot : slots_.at(process.name)) {
      // It may run again already: who restarts it does so at once.
      if (slot->running() && slot->starts() == 1) continue;
      const auto ended = slot->last_exit() ? slot->last_exit() : slot->child()->exit_status();
      return base::fail("{} ended before it was ready ({}); the last lines of {}:\n{}", slot->name(),
                        ended ? ended->describe() : "gone", slot->child()->log_path().string(),
                        process::last_lines(slot->child()->log_path(), 10));
    }
    if (!question) return {};
    const auto found = session_.wait(question->ask(base::now() + milliseconds(500)));
    if (found.answer == probe::Answer::kGreen) return {};
    last = found.reason;
    if (base::now() >= deadline) break;
    session_.wait_for(milliseconds(5));
  }
  const auto& log_path = slots_.at(process.name).front()->child()->log_path();
  return base::fail("{} was not ready within {} ({}: {}); the last lines of {}:\n{}", process.name,
                    base::format_duration(how.ready_within), experiment::describe(*how.ready), last,
                    log_path.string(), process::last_lines(log_path, 10));
}

base::Result<void> RunningSystem::start_probes() {
  operational_ = std::make_unique<probe::Operational>(session_.io());
  if (deployment_) {
    for (const auto& server : deployment_->servers()) {
      const probe::Endpoint client{"127.0.0.1", server->client_port()};
      const probe::Endpoint monitor{"127.0.0.1", server->monitor_port()};
      operational_->add({.name = server->name() + " connects", .cadence = milliseconds(20)},
                        probe::nats_connects(session_.io(), client));
      operational_->add({.name = server->name() + " healthz", .cadence = milliseconds(20)},
                        probe::http_status(session_.io(), {monitor, "/healthz", 200}));
    }
  }
  for (const experiment::Process& process : experiment_.processes) {
    operational_->add({.name = process.name + " lives", .cadence = milliseconds(10)},
                      probe::process_alive([this, name = process.name] { return identity_of(name); }));
    const auto question = ready_of(process);
    if (!question) continue;
    auto ready = make_probe(*question, *asked_);
    if (!ready) return base::fail_within(process.name, ready.error());
    operational_->add({.name = process.name + " ready", .cadence = milliseconds(20)}, std::move(*ready));
  }
  for (const experiment::Probe& probe : experiment_.probes) {
    if (const auto* says = std::get_if<experiment::LogSays>(&probe.question)) {
      logs_[says->process]->texts.insert(says->text);
    }
    auto made = make_probe(probe.question, *asked_);
    if (!made) return base::fail_within(probe.name, made.error());
    operational_->add(
        {.name = probe.name, .cadence = probe.every, .patience = probe.timeout, .required = probe.required},
        std::move(*made));
  }
  operational_->add({.name = "backlog"},
                    probe::latched([this] { return backlog_ ? backlog_() : probe::Finding{}; }));
  operational_->on_observation([this](const std::string& name, const probe::Observation& observation) {
    if (on_observation_) on_observation_(name, observation);
  });
  operational_->on_change([this](const probe::ProbeChange& change) {
    const std::string reason = change.now.reason.empty() ? "" : " (" + change.now.reason + ")";
    session_.event({.at = change.now.answered_at,
                    .kind = evidence::EventKind::probe,
                    .what = fmt::format("{}: {}{}", change.probe, probe::name_of(change.now.answer), reason),
                    .case_name = experiment_.name});
  });
  operational_->start();
  return {};
}

std::optional<probe::Observation> RunningSystem::last_answer(const std::string& probe) const {
  for (const char* suffix : {"", " lives", " connects"}) {
    if (auto last = operational_->last(probe + suffix)) return last;
  }
  return std::nullopt;
}

std::optional<process::ProcessIdentity> RunningSystem::identity_of(const std::string& name) const {
  const experiment::Process* process = experiment_.find_process(name);
  if (process == nullptr) return std::nullopt;
  if (process->attached() != nullptr) return attached_identity(*process);
  const auto slots = slots_.find(name);
  if (slots == slots_.end()) return std::nullopt;
  // Every replica must live; the last one speaks for all.
  std::optional<process::ProcessIdentity> last;
  for (const auto& slot : slots->second) {
    if (!slot->running()) return std::nullopt;
    last = slot->child()->identity();
  }
  return last;
}

base::Result<std::vector<Victim>> RunningSystem::resolve(const std::string& target,
                                                         const std::vector<int>& replicas) {
  std::vector<Victim> victims;
  if (cluster::Server* server = deployment_ ? deployment_->find(target) : nullptr) {
    if (!server->running()) return base::fail("{} does not run", target);
    victims.push_back({.name = target, .tree = server->child()->tree(), .server = server});
    return victims;
  }
  const experiment::Process* process = experiment_.find_process(target);
  if (process == nullptr) return base::fail("there is no {} to strike", target);
  if (process->attached() != nullptr) return attached_victims(*process);
  const auto& slots = slots_.at(target);
  for (int replica = 0; replica < static_cast<int>(slots.size()); ++replica) {
    if (!replicas.empty() && std::ranges::find(replicas, replica) == replicas.end()) continue;
    ProcessSlot& slot = *slots[static_cast<std::size_t>(replica)];
    if (!slot.running()) continue;
    victims.push_back({.name = slot.name(), .tree = slot.child()->tree(), .slot = &slot, .process = process});
  }
  if (victims.empty()) return base::fail("no process of {} is alive", target);
  return victims;
}

std::vector<std::string> RunningSystem::describe_processes() const {
  std::vector<std::string> lines;
  for (const auto& [name, slots] : slots_) {
    std::string pids;
    std::size_t members = 0;
    for (const auto& slot : slots) {
      if (!slot->running()) continue;
      pids += fmt::format(" {}", slot->child()->pid());
      members += slot->child()->tree().members().size();
    }
    lines.push_back(fmt::format("{}:{}, {} process{}", name, pids, members, members == 1 ? "" : "es"));
  }
  return lines;
}

// Servers of Squall's own go with all that they have.
void RunningSystem::remove_made_streams() {
  if (deployment_ || !control_ || made_.empty()) return;
  left_made_ = session_.wait_anyhow(run::remove_streams(*control_, made_, base::now() + seconds(10)));
  made_ = {};
}

void RunningSystem::stop() {
  if (operational_) (void)session_.wait_anyhow(operational_->stop());
  for (auto process = experiment_.processes.rbegin(); process != experiment_.processes.rend(); ++process) {
    const auto slots = slots_.find(process->name);
    if (slots == slots_.end()) continue;
    for (const auto& slot : slots->second) session_.wait_anyhow(slot->stop());
  }
  if (deployment_) {
    (void)session_.wait_anyhow(
        deployment_->snapshot(session_.folder().nats() / "after", base::now() + seconds(2)));
    (void)session_.wait_anyhow(deployment_->stop(seconds(3)));
  }
  remove_made_streams();
  event(evidence::EventKind::process, "the system is stopped");
  operational_.reset();
  logs_.clear();
  slots_.clear();
  links_.reset();
  control_.reset();
  deployment_.reset();
}

}  // namespace squall::run
