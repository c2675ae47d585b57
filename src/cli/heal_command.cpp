#include "cli/heal_command.h"

#include <cstdio>
#include <filesystem>

#include "cli/complain.h"
#include "inject/heal_run.h"

namespace squall::cli {
namespace {

struct Asked {
  std::string folder;
  std::string artifacts = standard_artifacts();
  bool force = false;
};

void print(const inject::HealReport& report, const std::filesystem::path& folder) {
  if (report.ended > 0) std::printf("ended     %d processes of the run\n", report.ended);
  for (const fault::UndoEntry& entry : report.healed) {
    std::printf("%-9s %s: %s\n", std::string(name_of(entry.state)).c_str(), describe(entry).c_str(),
                entry.reason.c_str());
  }
  for (const std::string& process : report.still_living)
    std::printf("left      %s still lives\n", process.c_str());
  for (const fault::UndoEntry& entry : report.failed()) {
    const std::string by_hand = fault::by_hand(entry.undo);
    std::printf("left      %s\n          heal it: squall heal %s%s%s\n", describe(entry).c_str(),
                folder.c_str(), by_hand.empty() ? "" : ", or by hand: ", by_hand.c_str());
  }
}

int heal(const std::filesystem::path& journal, bool force) {
  const std::filesystem::path folder = journal.parent_path();
  const auto report = inject::heal_run(journal, {.force = force});
  if (!report) return complain(kUnsafe, report.error().within(folder.string()));
  if (report->still_runs) {
    std::fprintf(stderr, "squall: %s is still running and heals by itself: end it first, or use --force\n",
                 folder.c_str());
    return kUsage;
  }
  std::printf("%s\n", folder.c_str());
  print(*report, folder);
  if (!report->anything_done()) std::printf("nothing to heal\n");
  return report->anything_left() ? kUnsafe : kOk;
}

int heal_one(const Asked& asked) {
  const auto journal = std::filesystem::path(asked.folder) / inject::kJournalName;
  std::error_code ignored;
  if (!std::filesystem::exists(journal, ignored)) {
    return complain(kUsage, base::Error(fmt::format("{} is no run folder: it has no {}", asked.folder,
                                                    inject::kJournalName)));
  }
  return heal(journal, asked.force);
}

int heal_all(const Asked& asked) {
  const auto journals = inject::runs_to_heal(asked.artifacts);
  if (journals.empty()) std::printf("nothing to heal in %s\n", asked.artifacts.c_str());
  int worst = kOk;
  for (const auto& journal : journals) worst = std::max(worst, heal(journal, asked.force));
  return worst;
}

}  // namespace

Command heal_command() {
  auto asked = std::make_shared<Asked>();
  return {
      .name = "heal",
      .summary = "Undo what a run has left behind: a frozen process, a lowered limit, a child",
      .options = {{.name = "folder",
                   .help = "The run folder (default: every run in --artifacts that needs it)",
                   .into = &asked->folder,
                   .value = "FOLDER"},
                  {.name = "--artifacts",
                   .help = "Where runs are looked for (SQUALL_ARTIFACTS, else _artifacts)",
                   .into = &asked->artifacts},
                  {.name = "--force",
                   .help =
                       "Even while the run lives, and without waiting until a target shows that it is healed",
                   .into = &asked->force}},
      .run = [asked] { return asked->folder.empty() ? heal_all(*asked) : heal_one(*asked); },
      .state = asked};
}

}  // namespace squall::cli
