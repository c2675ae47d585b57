#include "inject/heal_run.h"

#include <unistd.h>

#include <algorithm>

#include "inject/undo_system.h"
#include "process/run_members.h"

namespace squall::inject {
namespace {

constexpr base::Nanos kLockPatience = std::chrono::seconds{20};

bool squall_lives(const fault::JournalContent& content) {
  if (!content.run || content.run->boot_id != fault::boot_id()) return false;
  const process::ProcessIdentity squall{content.run->pid, content.run->start_ticks};
  return squall.pid != getpid() && process::is_alive(squall);
}

// After a restart of the machine nothing of a run is left, and its pids belong to others.
class AnotherBoot : public fault::UndoActions {
  static fault::Undone gone() { return {fault::UndoState::kVanished, "the machine was restarted since"}; }
  fault::Undone thaw(const fault::Thaw&) override { return gone(); }
  fault::Undone restart_server(const fault::RestartServer&) override { return gone(); }
  fault::Undone restore_limits(const fault::RestoreLimits&) override { return gone(); }
  // What a command did may have outlived the machine's restart.
  fault::Undone run_command(const fault::RunCommand& command) override {
    return UndoSystem().run_command(command);
  }
  fault::Undone ends_with_run(const fault::EndsWithRun&) override { return gone(); }
};

base::Result<void> undo_journal(const std::filesystem::path& path, const HealOptions& options,
                                HealReport& report) {
  const base::UniqueFd lock = fault::lock_journal(path, options.force ? base::Nanos{0} : kLockPatience);
  // Read only now: whoever held the lock may have healed everything.
  auto content = fault::read_journal(path);
  if (!content) return std::unexpected(content.error());
  const auto open = content->unsettled();
  if (open.empty()) return {};
  auto journal = squall_lives(*content) ? fault::Journal::join(path) : fault::Journal::open(path);
  if (!journal) return std::unexpected(journal.error());
  UndoSystem this_boot({.patience = options.force ? base::Nanos{0} : UndoSystem::Options{}.patience});
  AnotherBoot another_boot;
  const bool same_boot = !content->run || content->run->boot_id == fault::boot_id();
  fault::UndoActions& actions = same_boot ? static_cast<fault::UndoActions&>(this_boot)
                                          : static_cast<fault::UndoActions&>(another_boot);
  const auto undone = fault::undo_all(*journal, actions);
  for (const fault::UndoEntry& entry : open) report.healed.push_back(journal->entries()[entry.number - 1]);
  if (!undone) return std::unexpected(undone.error());
  return {};
}

}  // namespace

fault::JournalRun this_run(std::string run_id) {
  const auto self = process::read_status(getpid());
  return {.run_id = std::move(run_id),
          .boot_id = fault::boot_id(),
          .pid = getpid(),
          .start_ticks = self ? self->identity.start_ticks : 0};
}

std::vector<fault::UndoEntry> HealReport::failed() const {
  std::vector<fault::UndoEntry> left;
  std::ranges::copy_if(healed, std::back_inserter(left), [](const auto& entry) { return !entry.settled(); });
  return left;
}

base::Result<HealReport> heal_run(const std::filesystem::path& journal, const HealOptions& options) {
  const auto content = fault::read_journal(journal);
  if (!content) return std::unexpected(content.error());
  HealReport report;
  if (squall_lives(*content) && !options.force && !options.of_living_run) {
    report.still_runs = true;
    return report;
  }
  // First the run's own processes: they would only go on working without their run, and an undo command may
  // take its whole deadline.
  const bool this_boot = content->run && content->run->boot_id == fault::boot_id();
  const std::string run_id = this_boot ? content->run->run_id : std::string();
  const auto end_processes = [&] {
    const process::EndedRun end = process::end_run(run_id, options.end_patience);
    report.ended += end.ended;
    report.still_living.clear();
    for (const process::ProcStatus& left : end.left) report.still_living.push_back(left.describe());
  };
  end_processes();
  auto undone = undo_journal(journal, options, report);
  if (!undone) return std::unexpected(undone.error());
  if (!report.healed.empty()) end_processes();
  return report;
}

bool needs_heal(const std::filesystem::path& journal) {
  const auto content = fault::read_journal(journal);
  if (!content || squall_lives(*content)) return false;
  if (!content->unsettled().empty()) return true;
  return content->run && content->run->boot_id == fault::boot_id() &&
         !process::run_members(content->run->run_id).empty();
}

std::vector<std::filesystem::path> runs_to_heal(const std::filesystem::path& artifacts) {
  std::vector<std::filesystem::path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(artifacts, ignored)) {
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    const auto journal = entry.path() / kJournalName;
    if (std::filesystem::exists(journal, ignored) && needs_heal(journal)) found.push_back(journal);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace squall::inject
