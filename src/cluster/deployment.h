// The NATS servers under test: n ≥ 1, started and owned by Squall, on loopback, with JetStream. One server
// runs without a cluster block; more form one cluster.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/server.h"

namespace squall::cluster {

struct DeploymentOptions {
  int servers = 1;
  // Logs go to <run_folder>/logs/<name>.log, configurations to <run_folder>/nats/<name>.conf.
  std::filesystem::path run_folder;
  // JetStream's files: <store_folder>/<name>. Created; not removed (the owner of the folder does).
  std::filesystem::path store_folder;
  std::optional<std::filesystem::path> binary;  // see resolve_nats_server()
  std::string run_id;
  // "always" or a duration as NATS writes it ("2m"); refused for versions that do not know it.
  std::optional<std::string> sync_interval;
  // More lines for each server's configuration, as they are.
  std::string extra_configuration;
};

class Deployment {
 public:
  // Chooses the ports and writes the configurations; starts nothing. Errors: binary, folders, ports, options.
  static base::Result<std::unique_ptr<Deployment>> prepare(boost::asio::io_context& io,
                                                           const DeploymentOptions& options);

  // Starts all servers and waits until each is healthy, and (n > 1) a meta leader is known to all and each
  // tells its clients of all others.
  boost::asio::awaitable<base::Result<void>> start(base::Instant deadline);
  boost::asio::awaitable<base::Result<void>> stop(base::Nanos grace);

  std::vector<std::unique_ptr<Server>>& servers() { return servers_; }
  Server& server(std::size_t index = 0) { return *servers_.at(index); }
  // Null when there is none of this name.
  Server* find(std::string_view name);
  // "nats://127.0.0.1:4001,nats://127.0.0.1:4003"
  std::string urls() const;
  const NatsBinary& binary() const { return binary_; }

  // The name of JetStream's meta leader; nothing when there is none, or a single server.
  boost::asio::awaitable<std::optional<std::string>> meta_leader(base::Instant deadline) const;
  // Saves varz, jsz, connz and healthz of each server as <folder>/<name>-<what>.json. A server that does not
  // answer is not an error: its file then holds {"squall_error": …}.
  boost::asio::awaitable<base::Result<void>> snapshot(std::filesystem::path folder,
                                                      base::Instant deadline) const;

 private:
  Deployment(boost::asio::io_context& io, NatsBinary binary, std::vector<std::unique_ptr<Server>> servers);
  boost::asio::awaitable<base::Result<void>> wait_formed(base::Instant deadline);

  boost::asio::io_context& io_;
  NatsBinary binary_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace squall::cluster
