// squall explain FAULT: what a fault does, how it is proven and healed.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command explain_command();

}  // namespace squall::cli
