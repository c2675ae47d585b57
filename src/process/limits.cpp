#include "process/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "process/pid_fd.h"

namespace squall::process {
namespace {

constexpr std::array<std::string_view, 9> kNames{"nofile", "as",   "data",  "cpu",    "fsize",
                                                 "nproc",  "core", "stack", "memlock"};
constexpr std::array<__rlimit_resource, 9> kResources{RLIMIT_NOFILE, RLIMIT_AS,    RLIMIT_DATA,
                                                      RLIMIT_CPU,    RLIMIT_FSIZE, RLIMIT_NPROC,
                                                      RLIMIT_CORE,   RLIMIT_STACK, RLIMIT_MEMLOCK};

base::Result<__rlimit_resource> resource_of(std::string_view name) {
  const auto at = std::ranges::find(kNames, name);
  if (at == kNames.end())
    return base::fail("there is no limit {}; there are {}", name, fmt::join(kNames, ", "));
  return kResources[static_cast<std::size_t>(at - kNames.begin())];
}

std::string whose(std::string_view name, pid_t pid) {
  return fmt::format("the limit {} of pid {}", name, pid);
}

}  // namespace

std::span<const std::string_view> limit_names() { return kNames; }

base::Result<std::uint64_t> soft_limit(pid_t pid, std::string_view name) {
  const auto resource = resource_of(name);
  if (!resource) return std::unexpected(resource.error());
  rlimit limit{};
  if (prlimit(pid, *resource, nullptr, &limit) != 0)
    return base::fail_errno("cannot read " + whose(name, pid), errno);
  return limit.rlim_cur == RLIM_INFINITY ? kUnlimited : std::uint64_t{limit.rlim_cur};
}

base::Result<void> set_soft_limit(ProcessIdentity process, std::string_view name, std::uint64_t value) {
  const auto resource = resource_of(name);
  if (!resource) return std::unexpected(resource.error());
  // Held while the limit is set: prlimit() itself knows only pids.
  const auto held = PidFd::open(process);
  if (!held) return std::unexpected(held.error());
  rlimit limit{};
  if (prlimit(process.pid, *resource, nullptr, &limit) != 0)
    return base::fail_errno("cannot read " + whose(name, process.pid), errno);
  const rlim_t wanted = value == kUnlimited ? RLIM_INFINITY : static_cast<rlim_t>(value);
  if (limit.rlim_max != RLIM_INFINITY && wanted > limit.rlim_max) {
    return base::fail("cannot set {} to {}: its hard limit is {}", whose(name, process.pid), value,
                      std::uint64_t{limit.rlim_max});
  }
  limit.rlim_cur = wanted;
  if (prlimit(process.pid, *resource, &limit, nullptr) != 0)
    return base::fail_errno("cannot set " + whose(name, process.pid), errno);
  return {};
}

}  // namespace squall::process
