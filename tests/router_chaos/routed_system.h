// The system under test of one case: a NATS deployment, the router with all its processes, a worker, and the
// probes that say whether it is operational. It starts and stops them and reads what they show; faults and
// load come from elsewhere (router_chaos_helper.h).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/deployment.h"
#include "probe/operational.h"
#include "process/child.h"
#include "process/proc_status.h"
#include "router_chaos/router_log.h"
#include "router_chaos/suite_run.h"
#include "run/system_links.h"

namespace squall::router_chaos {

// How the system of a case is configured. Short waits: what is 30 s in production is 1 s here.
struct SystemSettings {
  std::string case_name;
  base::Nanos ack_wait = std::chrono::seconds(1);
  base::Nanos backpressure_active_after = std::chrono::seconds(2);
  base::Nanos work_time = std::chrono::milliseconds(10);  // of the worker, per assignment
};

// Pids of the router's processes by name: guardian, supervisor, decide-0, …
using RouterPids = std::map<std::string, pid_t>;

// One of the router's metrics, over all its labels.
struct Metric {
  double sum = 0;
  double least = 0;
};
// The name of the link between the router and the broker.
inline constexpr const char* kRouterLink = "router";

using Metrics = std::map<std::string, Metric>;

class RoutedSystem {
 public:
  // Starts everything and waits until it is operational. Errors say which part did not come up, with the
  // last lines of its log.
  static base::Result<std::unique_ptr<RoutedSystem>> start(SuiteRun& run, SystemSettings settings);
  // Kills what still runs.
  ~RoutedSystem() = default;

  cluster::Server& nats() { return deployment_->server(); }
  cluster::Deployment& deployment() { return *deployment_; }
  process::Child& router() { return *router_; }
  process::Child& worker() { return *worker_; }
  const RouterLog& log() const { return *log_; }
  probe::Operational& probes() { return *operational_; }
  // The router's way to the broker; the worker and the load go direct.
  run::SystemLinks& links() { return *links_; }
  const SystemSettings& settings() const { return settings_; }

  // Starts the router again after it was drained.
  base::Result<void> start_router();
  // SIGTERM to the guardian; how it ended, and nothing if it did not within the time.
  std::optional<process::ExitStatus> drain_router(base::Nanos patience);
  // SIGTERM to everything, the broker last; SIGKILL to what does not go.
  void stop();

  RouterPids router_pids() const;
  // The router's processes that are alive, by name, from a set taken earlier.
  static RouterPids still_alive(const RouterPids& pids);
  // Nothing when the page does not answer.
  std::optional<Metrics> metrics();
  std::string http_url() const;
  std::filesystem::path run_dir() const { return place("router"); }  // of the router

  // A probe of the case's own (the backlog), and every observation of all probes.
  using OnObservation = probe::Operational::OnObservation;
  void watch(std::function<probe::Finding()> backlog, OnObservation on_observation);

 private:
  RoutedSystem(SuiteRun& run, SystemSettings settings) : run_(run), settings_(std::move(settings)) {}
  base::Result<void> start_deployment();
  base::Result<void> start_worker();
  base::Result<void> write_router_config();
  base::Result<void> wait_for_router();
  void start_probes();
  std::filesystem::path place(const char* name) const;
  void event(evidence::EventKind kind, std::string what);

  SuiteRun& run_;
  SystemSettings settings_;
  std::filesystem::path work_folder_;  // stores, run dir; inside the evidence folder
  std::uint16_t http_port_ = 0;
  std::unique_ptr<cluster::Deployment> deployment_;
  std::unique_ptr<run::SystemLinks> links_;
  std::unique_ptr<process::Child> router_;
  std::unique_ptr<process::Child> worker_;
  std::unique_ptr<RouterLog> log_;
  std::function<probe::Finding()> backlog_;
  OnObservation on_observation_;
  std::unique_ptr<probe::Operational> operational_;
};

}  // namespace squall::router_chaos
