// squall schema: the JSON Schema of experiment files.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command schema_command();

}  // namespace squall::cli
