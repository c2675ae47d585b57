// squall version: which squall this is, and which nats-server it would use.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command version_command();

}  // namespace squall::cli
