// What an action of a NATS fault makes of a frame that is struck: pure functions of the frame.
#pragma once

#include "base/seed.h"
#include "proxy/nats_rules.h"

namespace squall::proxy {

struct Struck {
  const Sighting& sighting;
  const wire::Frame& frame;
  const NatsTracker& tracker;
  base::Seed seed;  // of this frame
};

// Whether the action has an effect on such a frame: an empty payload cannot be corrupted, a publish without a
// reply cannot be answered. What cannot be done is not counted as a match.
bool can_be_done(const fault::NatsAction& action, const wire::Frame& frame);
NatsDecision carry_out(const fault::NatsAction& action, const Struck& struck);

}  // namespace squall::proxy
