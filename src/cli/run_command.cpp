#include "cli/run_command.h"

#include <CLI/CLI.hpp>

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

}  // namespace

int run_command(int argc, const char* const* argv, const std::vector<Command>& commands) {
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
