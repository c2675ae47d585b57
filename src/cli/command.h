// A subcommand as plain data, so that only run_command.cpp knows the library that parses command lines (it
// costs seconds to compile). Each command is one file, x_command.cpp, which makes one of these; commands.cpp
// lists them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/exit_code.h"

namespace squall::cli {

// Where runs keep their evidence when nobody says: the environment's SQUALL_ARTIFACTS, as for the scripts, or
// _artifacts here.
std::string standard_artifacts();

struct Option {
  // "--seed", or a bare name for what stands without dashes: "file".
  std::string name;
  std::string help;
  // Where the value goes. A list takes everything that is left (for a bare name), or each occurrence.
  std::variant<std::string*, bool*, std::int64_t*, std::vector<std::string>*> into;
  bool required = false;
  std::string value;  // how its value is called in the help: "FILE"
};

struct Command {
  std::string name;
  std::string summary;  // one line
  std::vector<Option> options;
  std::function<int()> run;     // returns the exit code; called once, after the options were filled
  std::shared_ptr<void> state;  // keeps alive what the options point to
};

}  // namespace squall::cli
