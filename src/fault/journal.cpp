#include "fault/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ranges>

#include "base/invariant.h"

namespace squall::fault {
namespace {

std::string as_line(const UndoEntry& entry) {
  return to_json(entry).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// A line is a whole UndoEntry; a later line of the same number replaces it.
base::Result<void> apply_line(std::vector<UndoEntry>& entries, std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (object.is_discarded()) return base::fail("not JSON");
  auto entry = undo_entry_from_json(object);
  if (!entry) return std::unexpected(entry.error());
  if (entry->number == entries.size() + 1) {
    if (entry->state != UndoState::kPending)
      return base::fail("entry {} ends before it began", entry->number);
    entries.push_back(*std::move(entry));
    return {};
  }
  if (entry->number < 1 || entry->number > entries.size())
    return base::fail("entry {} is out of order", entry->number);
  UndoEntry& replaced = entries[entry->number - 1];
  replaced = *std::move(entry);
  return {};
}

base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail_errno(fmt::format("cannot read the undo journal {}", path.string()), errno);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// Without this the file's name itself could be lost in a power failure.
base::Result<void> sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const base::UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || fsync(opened.get()) != 0) {
    return base::fail_errno(fmt::format("cannot sync the folder {}", folder.string()), errno);
  }
  return {};
}

}  // namespace

base::Result<std::vector<UndoEntry>> parse_journal(std::string_view text) {
  std::vector<UndoEntry> entries;
  int line_number = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    ++line_number;
    if (auto applied = apply_line(entries, text.substr(0, end)); !applied) {
      return base::fail_within(fmt::format("line {}", line_number), applied.error());
    }
    text.remove_prefix(end + 1);
  }
  return entries;  // what is left of the text has no end: it was never acted upon
}

base::Result<std::vector<UndoEntry>> read_journal(const std::filesystem::path& path) {
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return std::vector<UndoEntry>{};
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto entries = parse_journal(*text);
  if (!entries) return base::fail_within(fmt::format("undo journal {}", path.string()), entries.error());
  return entries;
}

Journal::Journal(std::filesystem::path path, base::UniqueFd file, std::vector<UndoEntry> entries)
    : path_(std::move(path)), file_(std::move(file)), entries_(std::move(entries)) {}

base::Result<Journal> Journal::open(const std::filesystem::path& path) {
  auto entries = read_journal(path);
  if (!entries) return std::unexpected(entries.error());
  base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return base::fail_errno(fmt::format("cannot write the undo journal {}", path.string()), errno);
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const std::size_t whole = text->rfind('\n') == std::string::npos ? 0 : text->rfind('\n') + 1;
  if (whole != text->size() && ftruncate(file.get(), static_cast<off_t>(whole)) != 0) {
    return base::fail_errno(fmt::format("cannot mend the undo journal {}", path.string()), errno);
  }
  if (auto synced = sync_folder(path); !synced) return std::unexpected(synced.error());
  return Journal(path, std::move(file), *std::move(entries));
}

base::Result<void> Journal::append(const std::string& line) {
  const off_t before = lseek(file_.get(), 0, SEEK_END);
  ssize_t written = 0;
  do {
    written = write(file_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size()) && fsync(file_.get()) == 0) return {};
  const int error_number = written >= 0 && written < static_cast<ssize_t>(line.size()) ? ENOSPC : errno;
  (void)!ftruncate(file_.get(), before);  // half a line would be glued to the next one
  return base::fail_errno(fmt::format("cannot write the undo journal {}", path_.string()), error_number);
}

base::Result<std::uint64_t> Journal::arm(std::string_view fault, const Undo& undo) {
  UndoEntry entry{.number = entries_.size() + 1,
                  .fault = std::string(fault),
                  .undo = undo,
                  .state = UndoState::kPending,
                  .reason = {}};
  if (auto written = append(as_line(entry)); !written) return std::unexpected(written.error());
  entries_.push_back(std::move(entry));
  return entries_.back().number;
}

base::Result<void> Journal::settle(std::uint64_t number, const Undone& undone) {
  SQUALL_CHECK(number >= 1 && number <= entries_.size());
  SQUALL_CHECK(undone.state != UndoState::kPending);
  UndoEntry& entry = entries_[number - 1];
  entry.state = undone.state;
  entry.reason = undone.reason;
  return append(as_line(entry));
}

std::vector<UndoEntry> Journal::unsettled() const {
  std::vector<UndoEntry> open;
  for (const UndoEntry& entry : entries_) {
    if (entry.state == UndoState::kPending || entry.state == UndoState::kFailed) open.push_back(entry);
  }
  return open;
}

base::Result<std::vector<UndoEntry>> undo_all(Journal& journal, UndoActions& actions) {
  base::Result<void> recorded;
  for (const UndoEntry& entry : std::views::reverse(journal.unsettled())) {
    auto settled = journal.settle(entry.number, perform(entry.undo, actions));
    if (!settled && recorded) recorded = settled;
  }
  if (!recorded) return std::unexpected(recorded.error());
  return journal.entries();
}

}  // namespace squall::fault
