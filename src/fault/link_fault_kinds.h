// The faults of a link's bytes (link_fault.h) as kinds: their fields in experiment files, and their words.
#pragma once

#include <vector>

#include "fault/fault_kind.h"

namespace squall::fault {

// One for each alternative of LinkAction but the NATS faults.
std::vector<KindDoc> link_fault_kinds();

}  // namespace squall::fault
