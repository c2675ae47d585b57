// squall init … -- COMMAND…: an experiment for somebody's service, drafted from what is seen of it.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command init_command();

}  // namespace squall::cli
