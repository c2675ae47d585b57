// What every squall command ends with.
#pragma once

#include "check/verdict.h"

namespace squall::cli {

enum ExitCode : int {
  kOk = 0,
  kViolated = 1,
  kUsage = 2,
  kInconclusive = 3,
  kUnsafe = 4,
  kInternal = 70,
};

constexpr ExitCode exit_code_of(check::VerdictKind verdict) {
  switch (verdict) {
    case check::VerdictKind::pass:
      return kOk;
    case check::VerdictKind::fail:
      return kViolated;
    case check::VerdictKind::inconclusive:
      return kInconclusive;
  }
  return kInternal;
}

}  // namespace squall::cli
