// The `squall` program: see commands.cpp for what it can do.
#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_command.h"
#include "inject/watchdog.h"

int main(int argc, char** argv) {
  if (const auto code = squall::inject::watchdog_main(argc, argv)) return *code;
  try {
    return squall::cli::run_command(argc, argv, squall::cli::all_commands());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall: internal error: %s\n", error.what());
    return squall::cli::kInternal;
  }
}
