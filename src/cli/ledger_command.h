// squall ledger FILE: the records of a ledger as JSON lines.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command ledger_command();

}  // namespace squall::cli
