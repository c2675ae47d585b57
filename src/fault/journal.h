// The undo journal, `undo.jsonl` of a run: an entry is on the disk (fsync) before its fault is injected, and
// its end is recorded after the undo. Readable after a crash at any byte: a last line without its end was
// never acted upon and is dropped. The only part of fault/ that touches files.
//
// The run arms entries; the run, its watchdog and `squall heal` settle them. Each line is appended by one
// write, so they may do so at the same time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fault/undo.h"

namespace squall::fault {

// Whose journal it is: the first line. Undo entries name processes by pid and start time, and both begin anew
// at each boot.
struct JournalRun {
  std::string run_id;  // the SQUALL_RUN_ID of all that the run starts
  std::string boot_id;
  int pid = -1;  // of the Squall that runs it
  std::uint64_t start_ticks = 0;

  bool operator==(const JournalRun&) const = default;
};
// Of this machine since its last start; empty when the kernel does not say.
std::string boot_id();

struct JournalContent {
  std::optional<JournalRun> run;
  std::vector<UndoEntry> entries;

  // Armed and not settled, or failed: what is still to be undone.
  std::vector<UndoEntry> unsettled() const;
};

class Journal {
 public:
  // Creates the file (with `run` in its first line), or goes on with it, dropping a torn last line: only
  // when nobody else writes it. Errors: cannot be written, or damaged elsewhere than at its end.
  static base::Result<Journal> open(const std::filesystem::path& path, std::optional<JournalRun> run = {});
  // To settle entries of a journal that its run is still writing.
  static base::Result<Journal> join(const std::filesystem::path& path);

  // Returns the entry's number once it is on the disk. Errors: then do not inject.
  base::Result<std::uint64_t> arm(std::string_view fault, const Undo& undo,
                                  std::optional<base::Instant> overdue_at = {});
  // Records how the undo ended. `state` is not kPending.
  base::Result<void> settle(std::uint64_t number, const Undone& undone);

  const std::optional<JournalRun>& run() const { return content_.run; }
  const std::vector<UndoEntry>& entries() const { return content_.entries; }
  std::vector<UndoEntry> unsettled() const { return content_.unsettled(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  Journal(std::filesystem::path path, base::UniqueFd file, JournalContent content);
  static base::Result<Journal> open_for_append(const std::filesystem::path& path, bool create);
  base::Result<void> append(const std::string& line);

  std::filesystem::path path_;
  base::UniqueFd file_;
  JournalContent content_;
};

// Reads a journal without opening it for writing. A missing file has no entries.
base::Result<JournalContent> read_journal(const std::filesystem::path& path);
// The same from its text: pure. Errors give the line.
base::Result<JournalContent> parse_journal(std::string_view text);

// Undoes what is unsettled, the newest first (commands last, since each may take its whole deadline), and
// records each end. Returns the entries as they are then; an error means that the journal itself could not be
// written (the undos were tried all the same).
base::Result<std::vector<UndoEntry>> undo_all(Journal& journal, UndoActions& actions);

// Held by whoever undoes a whole journal, so that two do not do it at once. Gives up after `patience` and
// returns an empty descriptor: every undo is idempotent, so going on does no harm.
base::UniqueFd lock_journal(const std::filesystem::path& path, base::Nanos patience);

}  // namespace squall::fault
