// squall report FOLDER: the table of a run, and whether its evidence is as it was sealed.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command report_command();

}  // namespace squall::cli
