// The undo journal, `undo.jsonl` of a run: an entry is on the disk (fsync) before its fault is injected, and
// its end is recorded after the undo. Readable after a crash at any byte: a last line without its end was
// never acted upon and is dropped. The only part of fault/ that touches files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fault/undo.h"

namespace squall::fault {

class Journal {
 public:
  // Creates the file, or goes on with it (dropping a torn last line). Errors: cannot be written, or damaged
  // elsewhere than at its end.
  static base::Result<Journal> open(const std::filesystem::path& path);

  // Returns the entry's number once it is on the disk. Errors: then do not inject.
  base::Result<std::uint64_t> arm(std::string_view fault, const Undo& undo);
  // Records how the undo ended. `state` is not kPending.
  base::Result<void> settle(std::uint64_t number, const Undone& undone);

  const std::vector<UndoEntry>& entries() const { return entries_; }
  // Armed and not settled, or failed: what is still to be undone.
  std::vector<UndoEntry> unsettled() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  Journal(std::filesystem::path path, base::UniqueFd file, std::vector<UndoEntry> entries);
  base::Result<void> append(const std::string& line);

  std::filesystem::path path_;
  base::UniqueFd file_;
  std::vector<UndoEntry> entries_;
};

// Reads a journal without opening it for writing: what a watchdog and a reviewer do. A missing file has no
// entries.
base::Result<std::vector<UndoEntry>> read_journal(const std::filesystem::path& path);
// The same from its text: pure. Errors give the line.
base::Result<std::vector<UndoEntry>> parse_journal(std::string_view text);

// Undoes what is unsettled, the newest first, and records each end. Returns the entries as they are then; an
// error means that the journal itself could not be written (the undos were tried all the same).
base::Result<std::vector<UndoEntry>> undo_all(Journal& journal, UndoActions& actions);

}  // namespace squall::fault
