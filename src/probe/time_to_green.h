// Time to green: from the instant at which a fault took effect until the first instant of a span in which
// every required probe is green for the whole hold time. Pure: fed with observations.
//
// Stale answers prove nothing: an answer to a question asked before the effect does not count, and a span
// counts as green only as far as questions *asked* in it were answered green. A frozen system that answers
// nothing therefore never looks green.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "probe/answer.h"

namespace squall::probe {

inline constexpr base::Nanos kDefaultHold = std::chrono::milliseconds{500};

class TimeToGreen {
 public:
  struct Options {
    std::vector<std::string> required;  // names of probes; at least one
    base::Instant effect_at{};
    base::Nanos hold = kDefaultHold;
  };
  explicit TimeToGreen(Options options);

  // Observations of one probe come in the order in which they were asked. Probes that are not required are
  // ignored, and so is everything after the span was found.
  void observe(std::string_view probe, const Observation& observation);
  // While the system is still disturbed (the fault lasts, or others follow), a span that was found is undone
  // by the next answer that is not green: a fault that bites late must not look as if it were over.
  void while_disturbed(bool disturbed) { disturbed_ = disturbed; }

  // The first instant of the green span, once it has lasted for the hold time.
  std::optional<base::Instant> green_at() const { return green_at_; }
  // From the effect; nothing means censored if the deadline has come: it never came back within that time.
  std::optional<base::Nanos> time_to_green() const;
  // The first required probe that was seen not green after the effect, and when: the detection. Nothing when
  // nobody ever noticed the fault.
  std::optional<base::Instant> first_not_green_at() const { return first_not_green_at_; }
  // Which probes hold it up now, with their reasons: what a report of a censored trial says.
  std::vector<std::string> waiting_for() const;

 private:
  struct Run {
    std::string probe;
    std::optional<base::Instant> green_since;  // answered_at of the first of the present run of greens
    base::Instant green_until{};               // asked_at of the last
    std::string reason = "not asked yet";
  };

  Options options_;
  std::vector<Run> runs_;
  std::optional<base::Instant> green_at_;
  std::optional<base::Instant> first_not_green_at_;
  bool disturbed_ = false;
};

}  // namespace squall::probe
