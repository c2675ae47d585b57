// SQUALL_CHECK: an invariant of our own code. It stays on in release builds: a tester that goes on with
// broken state gives wrong verdicts. Never for input, files or the system under test (those are Results).
#pragma once

namespace squall::base {

[[noreturn]] void invariant_broken(const char* condition, const char* file, int line);

}  // namespace squall::base

#define SQUALL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::squall::base::invariant_broken(#condition, __FILE__, __LINE__))
