// Which nats-server is used, and what that version knows.
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace squall::cluster {

struct NatsVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const NatsVersion&) const = default;
  std::string text() const;
};

inline constexpr NatsVersion kOldestNatsServer{2, 9, 0};
// `sync_interval` is an unknown field, and the server refuses to start, before this.
inline constexpr NatsVersion kFirstWithSyncInterval{2, 10, 0};

struct NatsBinary {
  std::filesystem::path path;
  NatsVersion version;
};

// `wanted`, else SQUALL_NATS_SERVER, else nats-server on PATH, else /usr/sbin/nats-server; runs it once for
// its version. Errors name what was tried and how to get one; older than 2.9 is an error.
base::Result<NatsBinary> resolve_nats_server(const std::optional<std::filesystem::path>& wanted = {});

// "2.12.0-RC.1", as INFO says it; what is behind the third number is left out.
std::optional<NatsVersion> parse_version(std::string_view text);
// From the output of `nats-server --version`: "nats-server: v2.9.10", "nats-server: v2.12.0-RC.1".
std::optional<NatsVersion> parse_nats_version(std::string_view output);

}  // namespace squall::cluster
