// What the faulted run (faulted_run_main.cpp) shows to the test that kills it: memory that both map, so that
// the last value is there whatever instant the run died at.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "base/invariant.h"
#include "base/unique_fd.h"

namespace squall::testing {

struct FaultedRunProgress {
  enum Stage : int { kStarting, kIdle, kArmed, kActive, kHealing };
  std::atomic<int> stage;
  std::atomic<int> watchdog;             // its pid; 0: not yet
  std::atomic<int> port;                 // on which the run listens; 0: not yet
  std::atomic<int> faults;               // that were healed
  std::atomic<std::int64_t> started_ns;  // the first fault was armed then (CLOCK_MONOTONIC); 0: not yet
};

inline FaultedRunProgress& map_progress(const std::filesystem::path& file) {
  const base::UniqueFd opened(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  SQUALL_CHECK(opened && ftruncate(opened.get(), sizeof(FaultedRunProgress)) == 0);
  void* memory =
      mmap(nullptr, sizeof(FaultedRunProgress), PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
  SQUALL_CHECK(memory != MAP_FAILED);
  return *static_cast<FaultedRunProgress*>(memory);
}

}  // namespace squall::testing
