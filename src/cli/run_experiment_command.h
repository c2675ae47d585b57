// `squall run FILE`.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command run_experiment_command();

}  // namespace squall::cli
