// What every injection gives back. A fault without an effect is not an error of Squall: it makes the trial
// inconclusive.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace squall::inject {

struct Injected {
  base::Instant injected_at;               // just before the first signal, frame or call
  std::optional<base::Instant> effect_at;  // the fault is proven to have happened; nothing: it is not
  std::string observation;  // "pid 812 gone by SIGKILL 0.8 ms after the signal", or why there is no effect

  bool took_effect() const { return effect_at.has_value(); }
};

struct Healed {
  base::Instant healed_at;                 // just before the undo
  std::optional<base::Instant> effect_at;  // the undo is proven
  bool vanished = false;                   // the target is gone, nothing is left to undo
  std::string observation;

  bool took_effect() const { return effect_at.has_value(); }
};

}  // namespace squall::inject
