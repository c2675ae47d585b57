#include "router_chaos/routed_system.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

#include "http/http_client.h"
#include "probe/probes.h"
#include "run/nats_access.h"

namespace squall::router_chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<long> read_number(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

std::string in_ms(base::Nanos duration) {
  return fmt::format("{}ms", std::chrono::duration_cast<milliseconds>(duration).count());
}

// "name{labels} value" lines of the Prometheus text format, folded by name.
Metrics fold_metrics(std::string_view text) {
  Metrics folded;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t name_end = line.find_first_of("{ ");
    const std::size_t value_start = line.rfind(' ');
    if (line.empty() || line.front() == '#' || name_end == std::string_view::npos) continue;
    double value = 0;
    const std::string_view number = line.substr(value_start + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc{}) continue;
    const auto [place, is_new] = folded.try_emplace(std::string(line.substr(0, name_end)), value, value);
    if (is_new) continue;
    place->second.sum += value;
    place->second.least = std::min(place->second.least, value);
  }
  return folded;
}

}  // namespace

base::Result<std::unique_ptr<RoutedSystem>> RoutedSystem::start(SuiteRun& run, SystemSettings settings) {
  std::unique_ptr<RoutedSystem> system(new RoutedSystem(run, std::move(settings)));
  system->work_folder_ = run.work_folder() / system->settings_.case_name;
  std::error_code error;
  std::filesystem::create_directories(system->work_folder_ / "router", error);
  if (error) return base::fail("cannot make {}: {}", system->work_folder_.string(), error.message());

  if (auto started = system->start_deployment(); !started) return std::unexpected(started.error());
  if (auto started = system->start_router(); !started) return std::unexpected(started.error());
  if (auto started = system->start_worker(); !started) return std::unexpected(started.error());
  system->start_probes();
  auto operational =
      run.wait(system->operational_->wait_operational(base::now() + run.options().start_timeout));
  if (!operational) {
    return base::fail("{}; the last lines of {}:\n{}", operational.error().message(),
                      system->router_->log_path().string(),
                      process::last_lines(system->router_->log_path(), 10));
  }
  return system;
}

std::filesystem::path RoutedSystem::place(const char* name) const { return work_folder_ / name; }

void RoutedSystem::event(evidence::EventKind kind, std::string what) {
  run_.event({.at = base::now(), .kind = kind, .what = std::move(what), .case_name = settings_.case_name});
}

base::Result<void> RoutedSystem::start_deployment() {
  auto deployment = cluster::Deployment::prepare(
      run_.io(), {.servers = 1,
                  .run_folder = run_.folder().path() / "cases" / settings_.case_name,
                  .store_folder = place("nats"),
                  .binary = run_.nats().path,
                  .run_id = run_.run_id()});
  if (!deployment) return std::unexpected(deployment.error());
  deployment_ = std::move(*deployment);
  if (auto started = run_.wait(deployment_->start(base::now() + run_.options().start_timeout)); !started) {
    return std::unexpected(started.error());
  }
  event(evidence::EventKind::process,
        fmt::format("nats-1 started (pid {}, {})", nats().child()->pid(), nats().url()));
  experiment::Experiment wanted;
  wanted.links = {{.name = kRouterLink, .to = "nats-1"}};
  links_ = std::make_unique<run::SystemLinks>(run_);
  return links_->open(wanted, run::access_to(*deployment_), {.seed = run_.options().seed});
}

base::Result<void> RoutedSystem::write_router_config() {
  std::ofstream file(place("router.yaml"));
  file << fmt::format(
      "router: 1\n"
      "nats:\n  urls: [\"{}\"]\n"
      "run_dir: {}\n"
      "http:\n  listen: 127.0.0.1:{}\n"
      "decide:\n  ack_wait: {}\n  idle_heartbeat: 100ms\n"
      "result:\n  ack_wait: {}\n  idle_heartbeat: 100ms\n"
      "backpressure:\n  active_after: {}\n",
      links_->address(kRouterLink), place("router").string(), http_port_, in_ms(settings_.ack_wait),
      in_ms(settings_.ack_wait), in_ms(settings_.backpressure_active_after));
  if (!file.flush()) return base::fail("cannot write {}", place("router.yaml").string());
  return {};
}

base::Result<void> RoutedSystem::start_router() {
  if (auto written = write_router_config(); !written) return written;
  std::filesystem::remove(place("router") / "http.port");
  std::vector<std::string> command{run_.options().router, "run", "--config", place("router.yaml").string()};
  if (!run_.options().defect.empty()) command.insert(command.end(), {"--defect", run_.options().defect});
  const auto log_path = run_.folder().logs() / (settings_.case_name + "-router.log");
  auto router = process::Child::start(
      run_.io(),
      {.name = "router", .command = std::move(command), .log_path = log_path, .run_id = run_.run_id()});
  if (!router) return std::unexpected(router.error());
  router_ = std::move(*router);
  event(evidence::EventKind::process, fmt::format("router started (guardian {})", router_->pid()));
  if (!log_) {
    auto log = RouterLog::follow(run_.io(), log_path, [this](const LogEvent& line) {
      run_.event({.at = line.at,
                  .kind = evidence::EventKind::log,
                  .what = fmt::format("{} ({}): {}", line.process, line.pid, line.message),
                  .case_name = settings_.case_name});
    });
    if (!log) return std::unexpected(log.error());
    log_ = std::move(*log);
  }
  return wait_for_router();
}

// The guardian says where it serves HTTP; the rest is the probes' affair.
base::Result<void> RoutedSystem::wait_for_router() {
  const base::Instant deadline = base::now() + run_.options().start_timeout;
  while (base::now() < deadline) {
    if (const auto port = read_number(place("router") / "http.port")) {
      http_port_ = static_cast<std::uint16_t>(*port);
      return {};
    }
    if (const auto ended = router_->exit_status()) {
      return base::fail("the router ended at its start ({}); the last lines of {}:\n{}", ended->describe(),
                        router_->log_path().string(), process::last_lines(router_->log_path(), 10));
    }
    run_.wait_for(milliseconds(2));
  }
  return base::fail("the router did not serve HTTP within {}; the last lines of {}:\n{}",
                    base::format_duration(run_.options().start_timeout), router_->log_path().string(),
                    process::last_lines(router_->log_path(), 10));
}

base::Result<void> RoutedSystem::start_worker() {
  auto worker = process::Child::start(
      run_.io(), {.name = "worker",
                  .command = {run_.options().worker, "--nats-url", deployment_->urls(), "--work-time",
                              in_ms(settings_.work_time), "--ack-wait", in_ms(settings_.ack_wait)},
                  .log_path = run_.folder().logs() / (settings_.case_name + "-worker.log"),
                  .run_id = run_.run_id()});
  if (!worker) return std::unexpected(worker.error());
  worker_ = std::move(*worker);
  event(evidence::EventKind::process, fmt::format("worker started ({})", worker_->pid()));
  return {};
}

// The endpoints are asked 50 times a second: each question is a new connection, and its cost would show in
// the times that it measures. What we know ourselves is asked at the default cadence.
void RoutedSystem::start_probes() {
  operational_ = std::make_unique<probe::Operational>(run_.io());
  const auto endpoint = [](std::uint16_t port) { return probe::Endpoint{"127.0.0.1", port}; };
  operational_->add({.name = "nats-1 connects", .cadence = milliseconds(20)},
                    probe::nats_connects(run_.io(), endpoint(nats().client_port())));
  operational_->add({.name = "nats-1 healthz", .cadence = milliseconds(20)},
                    probe::http_status(run_.io(), {endpoint(nats().monitor_port()), "/healthz", 200}));
  operational_->add({.name = "router livez", .cadence = milliseconds(20)},
                    probe::http_status(run_.io(), {endpoint(http_port_), "/livez", 200}));
  operational_->add({.name = "router readyz", .cadence = milliseconds(20)},
                    probe::http_status(run_.io(), {endpoint(http_port_), "/readyz", 200}));
  operational_->add({.name = "worker"},
                    probe::process_alive([this] { return std::optional(worker_->identity()); }));
  operational_->add({.name = "backlog"}, probe::latched([this] {
                      return backlog_ ? backlog_() : probe::Finding{probe::Answer::kGreen, ""};
                    }));
  operational_->on_observation([this](const std::string& probe, const probe::Observation& observation) {
    if (on_observation_) on_observation_(probe, observation);
  });
  operational_->on_change([this](const probe::ProbeChange& change) {
    const std::string reason = change.now.reason.empty() ? "" : " (" + change.now.reason + ")";
    run_.event({.at = change.now.answered_at,
                .kind = evidence::EventKind::probe,
                .what = fmt::format("{}: {}{}", change.probe, probe::name_of(change.now.answer), reason),
                .case_name = settings_.case_name});
  });
  operational_->start();
}

void RoutedSystem::watch(std::function<probe::Finding()> backlog, OnObservation on_observation) {
  backlog_ = std::move(backlog);
  on_observation_ = std::move(on_observation);
}

std::optional<process::ExitStatus> RoutedSystem::drain_router(base::Nanos patience) {
  event(evidence::EventKind::process, "SIGTERM to the router");
  (void)router_->signal(SIGTERM);
  return run_.wait(router_->wait_exit(base::now() + patience));
}

void RoutedSystem::stop() {
  if (operational_) run_.wait(operational_->stop());
  if (worker_) (void)worker_->signal(SIGTERM);  // drains while the router does
  if (router_) (void)run_.wait(router_->stop(seconds(6)));
  if (worker_) (void)run_.wait(worker_->stop(seconds(3)));
  if (deployment_) {
    (void)run_.wait(
        deployment_->snapshot(run_.folder().nats() / settings_.case_name, base::now() + seconds(2)));
    (void)run_.wait(deployment_->stop(seconds(3)));
  }
  event(evidence::EventKind::process, "worker, router and nats-1 stopped");
  operational_.reset();
  worker_.reset();
  router_.reset();
  links_.reset();
  deployment_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(work_folder_, ignored);
}

RouterPids RoutedSystem::router_pids() const {
  RouterPids pids;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(work_folder_ / "router", ignored)) {
    if (entry.path().extension() != ".pid") continue;
    if (const auto pid = read_number(entry.path())) {
      pids[entry.path().stem().string()] = static_cast<pid_t>(*pid);
    }
  }
  return pids;
}

RouterPids RoutedSystem::still_alive(const RouterPids& pids) {
  RouterPids alive;
  for (const auto& [name, pid] : pids) {
    const auto status = process::read_status(pid);
    if (status && status->alive()) alive.emplace(name, pid);
  }
  return alive;
}

std::string RoutedSystem::http_url() const { return fmt::format("http://127.0.0.1:{}", http_port_); }

std::optional<Metrics> RoutedSystem::metrics() {
  const auto page = run_.wait(http::get(
      run_.io(), {.host = "127.0.0.1", .port = http_port_, .target = "/metrics"}, base::now() + seconds(1)));
  if (!page || page->status != 200) return std::nullopt;
  return fold_metrics(page->body);
}

}  // namespace squall::router_chaos
