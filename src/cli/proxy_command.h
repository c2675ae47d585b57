// squall proxy: links to make faults on, with Toxiproxy's API and ours in front.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command proxy_command();

}  // namespace squall::cli
