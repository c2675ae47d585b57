#include "cli/commands.h"

#include "cli/heal_command.h"
#include "cli/ledger_command.h"
#include "cli/report_command.h"
#include "cli/version_command.h"

namespace squall::cli {

std::vector<Command> all_commands() {
  std::vector<Command> commands;
  commands.push_back(heal_command());
  commands.push_back(report_command());
  commands.push_back(ledger_command());
  commands.push_back(version_command());
  return commands;
}

}  // namespace squall::cli
