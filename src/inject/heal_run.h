// Everything that a run left behind, undone: its processes ended, its journal's entries undone. What the
// watchdog does when Squall is gone, a run does first for the runs before it, and `squall heal` does by hand.
// Idempotent: healing what is healed changes nothing, not even a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fault/journal.h"

namespace squall::inject {

// The journal's name in a run folder.
inline constexpr const char* kJournalName = "undo.jsonl";

// Identifies this process as the run's Squall, for the journal's first line.
fault::JournalRun this_run(std::string run_id);

struct HealOptions {
  // Also while the run's Squall lives, and without waiting until targets show that they are healed, or until
  // somebody else who heals the same journal is done.
  bool force = false;
  // Even if the run's Squall lives, since it waits for the answer: what its watchdog says.
  bool of_living_run = false;
  // For ending the run's processes.
  base::Nanos end_patience = std::chrono::milliseconds(1500);
};

struct HealReport {
  bool still_runs = false;                // the run's Squall lives: nothing was done
  int ended = 0;                          // processes of the run that were ended
  std::vector<std::string> still_living;  // processes that outlived it
  std::vector<fault::UndoEntry> healed;   // what was unsettled, as it is now

  std::vector<fault::UndoEntry> failed() const;
  bool anything_left() const { return still_runs || !still_living.empty() || !failed().empty(); }
  bool anything_done() const { return ended > 0 || !healed.empty(); }
};

// Errors: the journal cannot be read or written.
base::Result<HealReport> heal_run(const std::filesystem::path& journal, const HealOptions& options);

// Whether there is something to heal, without healing it: unsettled entries of a run whose Squall is gone.
bool needs_heal(const std::filesystem::path& journal);
// Journals of the runs in an artifacts folder that need it, the oldest first.
std::vector<std::filesystem::path> runs_to_heal(const std::filesystem::path& artifacts);

}  // namespace squall::inject
