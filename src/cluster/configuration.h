// The text of a nats-server's configuration file: pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/nats_binary.h"

namespace squall::cluster {

struct Configuration {
  struct Cluster {
    std::string name;
    std::uint16_t port = 0;
    std::vector<std::uint16_t> routes;  // cluster ports of the others
  };
  std::string server_name;
  std::uint16_t client_port = 0;
  std::uint16_t monitor_port = 0;
  std::filesystem::path store_directory;
  std::optional<Cluster> cluster;
  std::optional<std::string> sync_interval;
  std::string extra;  // more lines, as they are
};

// Errors: a setting that this version does not know and would refuse to start with.
base::Result<std::string> to_text(const Configuration& configuration, const NatsVersion& version);

}  // namespace squall::cluster
