// What stands on the timeline of a run, and its form as a line of JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace squall::evidence {

enum class EventKind {
  phase,    // a case or trial entered a phase (baseline, inject, hold, heal, recover, drain, check)
  fault,    // was injected
  effect,   // the observation that proves it
  heal,     // the disturbance was undone
  probe,    // changed its answer
  process,  // started, exited, has a new pid
  log,      // a line of a process's log that matters
  note,
};
std::string_view to_string(EventKind kind);
std::optional<EventKind> event_kind(std::string_view name);

struct Event {
  base::Instant at;
  EventKind kind = EventKind::note;
  std::string what;                 // for people: "SIGKILL nats-1 (pid 4711)"
  std::string case_name;            // empty: the run as a whole
  std::optional<int> trial;         // 1, 2, …
  nlohmann::json fields = nullptr;  // an object with more, for machines; null for none
};

// One value of a series (a rate, a latency, a lag).
struct Sample {
  base::Instant at;
  std::string series;
  double value = 0;
  std::string case_name;
};

// An event as it is read back; `since_start` takes the place of the instant.
struct TimelineEntry {
  base::Nanos since_start{0};
  base::WallInstant utc;
  EventKind kind = EventKind::note;
  std::string what;
  std::string case_name;
  std::optional<int> trial;
  nlohmann::json fields = nullptr;
};

// One line, with its newline: {"t_ms", "utc", "kind", "what", "case"?, "trial"?, "fields"?}. `t_ms` is
// monotonic, since the run's start, in steps of 1 µs.
std::string to_line(const Event& event, const base::WallAnchor& anchor);
// {"t_ms", "utc", "series", "value", "case"?}
std::string to_line(const Sample& sample, const base::WallAnchor& anchor);

// Errors: not such a line (a torn one, after a crash), or a kind that this build does not know.
base::Result<TimelineEntry> parse_timeline_line(std::string_view line);

}  // namespace squall::evidence
