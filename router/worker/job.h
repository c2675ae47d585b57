// What the stand-in worker makes of an assignment. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace router::worker {

struct JobOutcome {
  bool success = true;
  std::chrono::nanoseconds took{};
};

// The Result of an assignment, as JSON, and the assignment's id, by which the result is published once.
struct FinishedJob {
  std::string assignment_id;
  std::string result;
};

// Errors: the assignment is not one.
squall::base::Result<FinishedJob> finish_job(std::string_view assignment, const JobOutcome& outcome);

}  // namespace router::worker
