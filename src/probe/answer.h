// What a probe says: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace squall::probe {

enum class Answer {
  kUnknown,  // not asked yet, or the question itself failed in a way that says nothing
  kRed,
  kGreen,
};

std::string_view name_of(Answer answer);

struct Observation {
  Answer answer = Answer::kUnknown;
  std::string reason;        // "HTTP 503: starting", "connection refused"; may be empty when green
  base::Instant asked_at{};  // the answer holds for the system between these two
  base::Instant answered_at{};
};

// A probe's answer became another one.
struct ProbeChange {
  std::string probe;
  Answer from = Answer::kUnknown;
  Observation now;
};

}  // namespace squall::probe
