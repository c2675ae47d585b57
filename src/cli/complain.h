// How every command says what went wrong: one line on standard error, and the exit code.
#pragma once

#include "base/result.h"
#include "cli/exit_code.h"

namespace squall::cli {

int complain(ExitCode code, const base::Error& error);

}  // namespace squall::cli
