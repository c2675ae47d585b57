#include "cli/commands.h"

#include <cstdlib>

#include "cli/doctor_command.h"
#include "cli/explain_command.h"
#include "cli/heal_command.h"
#include "cli/init_command.h"
#include "cli/ledger_command.h"
#include "cli/list_command.h"
#include "cli/plan_command.h"
#include "cli/proxy_command.h"
#include "cli/report_command.h"
#include "cli/run_experiment_command.h"
#include "cli/schema_command.h"
#include "cli/validate_command.h"
#include "cli/version_command.h"

namespace squall::cli {

std::string standard_artifacts() {
  const char* named = std::getenv("SQUALL_ARTIFACTS");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return named == nullptr || *named == '\0' ? "_artifacts" : named;
}

std::vector<Command> all_commands() {
  std::vector<Command> commands;
  commands.push_back(init_command());
  commands.push_back(validate_command());
  commands.push_back(plan_command());
  commands.push_back(run_experiment_command());
  commands.push_back(proxy_command());
  commands.push_back(heal_command());
  commands.push_back(list_command());
  commands.push_back(explain_command());
  commands.push_back(schema_command());
  commands.push_back(doctor_command());
  commands.push_back(report_command());
  commands.push_back(ledger_command());
  commands.push_back(version_command());
  return commands;
}

}  // namespace squall::cli
