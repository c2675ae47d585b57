#include "cli/run_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "cli/complain.h"
#include "experiment/mistake.h"

namespace squall::cli {
namespace {

struct AddOption {
  CLI::App& app;
  const Option& option;

  CLI::Option* operator()(bool* into) const { return app.add_flag(option.name, *into, option.help); }
  template <typename T>
  CLI::Option* operator()(T* into) const {
    return app.add_option(option.name, *into, option.help);
  }
};

void add_command(CLI::App& app, const Command& command) {
  CLI::App* sub = app.add_subcommand(command.name, command.summary);
  for (const Option& option : command.options) {
    CLI::Option* added = std::visit(AddOption{*sub, option}, option.into);
    if (option.required) added->required();
    if (!option.value.empty()) added->option_text(option.value);
  }
}

// Why the first word is no command; nothing if it is one, or an option.
std::optional<std::string> no_such_command(int argc, const char* const* argv,
                                           const std::vector<Command>& commands) {
  if (argc < 2 || *argv[1] == '-') return std::nullopt;
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const Command& command : commands) names.push_back(command.name);
  if (std::ranges::find(names, argv[1]) != names.end()) return std::nullopt;
  const auto near = experiment::nearest(argv[1], names);
  return fmt::format("no such command: {} ({})", argv[1],
                     near ? fmt::format("did you mean {}?", *near) : "squall --help lists them");
}

}  // namespace

int run_command(int argc, const char* const* argv, const std::vector<Command>& commands) {
  if (const auto unknown = no_such_command(argc, argv, commands))
    return complain(kUsage, base::Error(*unknown));
  CLI::App app("Controlled chaos tests for systems on NATS and JetStream", "squall");
  app.require_subcommand(1);
  app.get_formatter()->column_width(24);
  app.footer(
      "Exit codes: 0 all pass, 1 a property was violated, 2 wrong use or file, 3 inconclusive,\n"
      "4 something is left behind (squall heal), 70 internal error, 130 or 143 interrupted, and healed.");
  for (const Command& command : commands) add_command(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  for (const Command& command : commands) {
    if (app.got_subcommand(command.name)) return command.run();
  }
  return kUsage;
}

}  // namespace squall::cli
