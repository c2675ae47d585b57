// SIGTERM and SIGINT as a descriptor to poll, instead of handlers.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace router::supervise {

class StopSignals {
 public:
  // Blocks both for the calling thread and all that it starts later, and ignores SIGPIPE. Call before any
  // thread exists.
  static squall::base::Result<StopSignals> take();

  int fd() const { return fd_.get(); }
  // The next one that arrived, if any; does not wait.
  std::optional<int> next() const;

 private:
  explicit StopSignals(squall::base::UniqueFd fd) : fd_(std::move(fd)) {}
  squall::base::UniqueFd fd_;
};

}  // namespace router::supervise
