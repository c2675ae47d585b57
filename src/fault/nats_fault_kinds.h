// The NATS presets (nats_presets.h) as kinds of faults: their fields in experiment files, and their words.
#pragma once

#include <vector>

#include "fault/fault_kind.h"

namespace squall::fault {

// One for each preset, in their order.
std::vector<KindDoc> nats_fault_kinds();

}  // namespace squall::fault
