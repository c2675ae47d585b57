// squall ledger FOLDER: the records of a run as JSON lines, or a line for each input; filtered
// (ledger_filter.h).
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command ledger_command();

}  // namespace squall::cli
