// Time to green of every fault of a trial: each from its own effect, undone by whatever is red until that
// fault is over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/time_to_green.h"

namespace squall::run {

class GreenClocks {
 public:
  struct Options {
    std::vector<std::string> required;  // names of probes
    base::Nanos hold = probe::kDefaultHold;
  };
  explicit GreenClocks(Options options) : options_(std::move(options)) {}

  // A fault took effect then.
  void begin(base::Instant effect_at);
  // The one that took effect then is over, healed or not.
  void over(base::Instant effect_at);
  void all_over();
  void observe(std::string_view probe, const probe::Observation& observation);

  // Since each was over. False without a fault.
  bool all_green() const;
  // Of the fault that took effect then; nothing: never until now.
  std::optional<base::Nanos> time_to_green(base::Instant effect_at) const;
  // What holds up the first that is not green.
  std::vector<std::string> waiting_for() const;

 private:
  struct Clock {
    base::Instant effect_at;
    bool over = false;
    probe::TimeToGreen green;
  };

  Options options_;
  std::vector<Clock> clocks_;
};

}  // namespace squall::run
