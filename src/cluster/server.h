// One nats-server under test. Its name, ports, store and configuration stay the same over restarts; its
// process is new each time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/nats_binary.h"
#include "cluster/port_reservation.h"
#include "process/child.h"

namespace squall::cluster {

// What one server is started with (deployment.h makes these).
struct ServerSettings {
  std::string name;  // "nats-1"
  NatsBinary binary;
  std::filesystem::path configuration_path;
  std::filesystem::path store_directory;
  std::filesystem::path log_path;
  std::string run_id;
};

// Kept for the server's whole life, its deaths included.
struct ServerPorts {
  PortReservation client;
  PortReservation monitor;
  std::optional<PortReservation> cluster;  // only in a cluster
};

// How a start went. Each instant is the first at which the thing was seen, at a cadence of 1 ms.
struct ServerStart {
  base::Instant executed_at;
  base::Instant info_at;     // INFO, with our server's name in it, arrived on a fresh connection
  base::Instant healthy_at;  // /healthz said 200
};

class Server {
 public:
  Server(boost::asio::io_context& io, ServerSettings settings, ServerPorts ports);

  const std::string& name() const { return settings_.name; }
  const ServerSettings& settings() const { return settings_; }
  std::uint16_t client_port() const { return ports_.client.port(); }
  std::uint16_t monitor_port() const { return ports_.monitor.port(); }
  std::optional<std::uint16_t> cluster_port() const;
  std::string url() const;  // nats://127.0.0.1:<port>

  bool running() const { return child_ && child_->running(); }
  // The present process, or the last one (dead); null before the first start.
  process::Child* child() const { return child_.get(); }
  // How many times it was started.
  int starts() const { return starts_; }
  // Called with each new process right after its start (to note its exit, to follow its log).
  void on_start(std::function<void(process::Child&)> callback) { on_start_ = std::move(callback); }

  // Executes the server without waiting for anything. Errors: it still runs, or cannot be executed.
  base::Result<void> launch();
  // Waits until INFO is seen. Errors: it died (with its last log lines), or the deadline passed.
  boost::asio::awaitable<base::Result<base::Instant>> wait_info(base::Instant deadline);
  boost::asio::awaitable<base::Result<base::Instant>> wait_healthy(base::Instant deadline);
  // How many servers its INFO tells a client of (connect_urls); 0 also when none came.
  boost::asio::awaitable<std::size_t> advertised_urls(base::Instant deadline) const;
  // Once it is healthy. Errors: what was started is not the server but a wrapper of it, and would die in its
  // place.
  base::Result<void> runs_alone() const;
  // The three in order: executed, INFO, healthy.
  boost::asio::awaitable<base::Result<ServerStart>> start(base::Instant deadline);

  // Sends a signal and returns at once (inject/kill.h also proves the effect). False: it was not running.
  base::Result<bool> signal(int number);
  // SIGTERM, then SIGKILL after `grace`. Fine when it does not run.
  boost::asio::awaitable<base::Result<void>> stop(base::Nanos grace);
  // stop, then start.
  boost::asio::awaitable<base::Result<ServerStart>> restart(base::Nanos grace, base::Instant deadline);

  // One document of the monitoring port, e.g. "/varz": the body. Errors: no answer, or not 200.
  boost::asio::awaitable<base::Result<std::string>> monitor(std::string target, base::Instant deadline) const;

 private:
  base::Error died(const process::ExitStatus& status) const;

  boost::asio::io_context& io_;
  ServerSettings settings_;
  ServerPorts ports_;
  std::unique_ptr<process::Child> child_;
  std::function<void(process::Child&)> on_start_;
  base::Instant executed_at_{};
  int starts_ = 0;
};

}  // namespace squall::cluster
