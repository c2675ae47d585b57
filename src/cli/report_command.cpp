#include "cli/report_command.h"

#include <cstdio>
#include <filesystem>

#include "cli/complain.h"
#include "evidence/read_back.h"
#include "evidence/seal.h"
#include "inject/heal_run.h"
#include "report/render.h"

namespace squall::cli {
namespace {

int print_report(const std::string& folder) {
  const auto verdict = evidence::read_file(std::filesystem::path(folder) / "verdict.json");
  if (!verdict) return complain(kUsage, verdict.error());
  const auto report = report::from_json(*verdict);
  if (!report) return complain(kUsage, report.error().within(folder + "/verdict.json"));
  std::printf("%s", report::render_table(*report, {}).c_str());
  auto differing = evidence::verify_seal(folder);
  if (!differing) return complain(kUsage, differing.error());
  // squall heal goes on with the journal of a run that could not undo everything.
  const bool healed = std::erase(*differing, inject::kJournalName) > 0;
  if (healed) std::printf("goes on after it was sealed: %s (squall heal)\n", inject::kJournalName);
  for (const std::string& file : *differing) std::printf("changed since it was sealed: %s\n", file.c_str());
  // What was changed proves nothing.
  return differing->empty() ? exit_code_of(report->verdict()) : kInconclusive;
}

}  // namespace

Command report_command() {
  auto folder = std::make_shared<std::string>();
  return {.name = "report",
          .summary = "Print the table of a run folder and check its seal; exit code as its verdict",
          .options = {{.name = "folder",
                       .help = "The run folder",
                       .into = folder.get(),
                       .required = true,
                       .value = "FOLDER"}},
          .run = [folder] { return print_report(*folder); },
          .state = folder};
}

}  // namespace squall::cli
