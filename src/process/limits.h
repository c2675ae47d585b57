// Resource limits of another process (prlimit). Only soft limits are ever changed: a lowered hard limit
// cannot be raised again, not even by root in a container.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "process/proc_status.h"

namespace squall::process {

inline constexpr std::uint64_t kUnlimited = UINT64_MAX;

// Names as prlimit(1) has them: "nofile", "as", "data", "cpu", "fsize", "nproc", "core", "stack", "memlock".
std::span<const std::string_view> limit_names();

// Errors: no such process, no such limit, no permission.
base::Result<std::uint64_t> soft_limit(pid_t pid, std::string_view name);
// Also: more than the hard limit.
base::Result<void> set_soft_limit(ProcessIdentity process, std::string_view name, std::uint64_t value);

}  // namespace squall::process
