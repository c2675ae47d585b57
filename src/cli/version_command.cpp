#include "cli/version_command.h"

#include <cstdio>

#include "cluster/nats_binary.h"

namespace squall::cli {
namespace {

int print_version() {
  std::printf("squall %s\n", SQUALL_VERSION);
  const auto nats = cluster::resolve_nats_server();
  if (nats) {
    std::printf("nats-server %s (%s)\n", nats->version.text().c_str(), nats->path.c_str());
  } else {
    std::printf("no usable nats-server: %s\n", nats.error().message().c_str());
  }
  return kOk;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .summary = "Print the versions of squall and of the nats-server it would use",
          .options = {},
          .run = print_version,
          .state = {}};
}

}  // namespace squall::cli
