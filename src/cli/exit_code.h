// What every squall command ends with.
#pragma once

namespace squall::cli {

enum ExitCode : int {
  kOk = 0,
  kViolated = 1,
  kUsage = 2,
  kInconclusive = 3,
  kUnsafe = 4,
  kInternal = 70,
};

}  // namespace squall::cli
