#include "fault/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ranges>
#include <thread>

#include "base/invariant.h"

namespace squall::fault {
namespace {

std::string as_line(const UndoEntry& entry) {
  return to_json(entry).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string as_line(const JournalRun& run) {
  const nlohmann::json object{
      {"run_id", run.run_id}, {"boot_id", run.boot_id}, {"pid", run.pid}, {"start_ticks", run.start_ticks}};
  return nlohmann::json{{"run", object}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

base::Result<JournalRun> run_from_json(const nlohmann::json& object) {
  try {
    return JournalRun{.run_id = object.at("run_id").get<std::string>(),
                      .boot_id = object.at("boot_id").get<std::string>(),
                      .pid = object.at("pid").get<int>(),
                      .start_ticks = object.at("start_ticks").get<std::uint64_t>()};
  } catch (const nlohmann::json::exception& error) {
    return base::fail("run: {}", error.what());
  }
}

// A line is a whole UndoEntry; a later line of the same number replaces it. The first line may say whose
// journal it is.
base::Result<void> apply_line(JournalContent& content, std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (object.is_discarded()) return base::fail("not JSON");
  std::vector<UndoEntry>& entries = content.entries;
  if (object.is_object() && object.contains("run")) {
    if (content.run || !entries.empty()) return base::fail("the run is named too late");
    auto run = run_from_json(object["run"]);
    if (!run) return std::unexpected(run.error());
    content.run = *std::move(run);
    return {};
  }
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

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::vector<UndoEntry> JournalContent::unsettled() const {
  std::vector<UndoEntry> open;
  for (const UndoEntry& entry : entries) {
    if (!entry.settled()) open.push_back(entry);
  }
  return open;
}

base::Result<JournalContent> parse_journal(std::string_view text) {
  JournalContent content;
  int line_number = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    ++line_number;
    if (auto applied = apply_line(content, text.substr(0, end)); !applied) {
      return base::fail_within(fmt::format("line {}", line_number), applied.error());
    }
    text.remove_prefix(end + 1);
  }
  return content;  // what is left of the text has no end: it was never acted upon
}

base::Result<JournalContent> read_journal(const std::filesystem::path& path) {
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return JournalContent{};
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto content = parse_journal(*text);
  if (!content) return base::fail_within(fmt::format("undo journal {}", path.string()), content.error());
  return content;
}

Journal::Journal(std::filesystem::path path, base::UniqueFd file, JournalContent content)
    : path_(std::move(path)), file_(std::move(file)), content_(std::move(content)) {}

base::Result<Journal> Journal::open_for_append(const std::filesystem::path& path, bool create) {
  auto content = read_journal(path);
  if (!content) return std::unexpected(content.error());
  base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | (create ? O_CREAT : 0), 0644));
  if (!file) return base::fail_errno(fmt::format("cannot write the undo journal {}", path.string()), errno);
  return Journal(path, std::move(file), *std::move(content));
}

base::Result<Journal> Journal::join(const std::filesystem::path& path) {
  return open_for_append(path, false);
}

base::Result<Journal> Journal::open(const std::filesystem::path& path, std::optional<JournalRun> run) {
  auto journal = open_for_append(path, true);
  if (!journal) return journal;
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const std::size_t whole = text->rfind('\n') == std::string::npos ? 0 : text->rfind('\n') + 1;
  if (whole != text->size() && ftruncate(journal->file_.get(), static_cast<off_t>(whole)) != 0) {
    return base::fail_errno(fmt::format("cannot mend the undo journal {}", path.string()), errno);
  }
  if (auto synced = sync_folder(path); !synced) return std::unexpected(synced.error());
  if (run && whole == 0) {
    if (auto written = journal->append(as_line(*run)); !written) return std::unexpected(written.error());
    journal->content_.run = std::move(run);
  }
  return journal;
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

base::Result<std::uint64_t> Journal::arm(std::string_view fault, const Undo& undo,
                                         std::optional<base::Instant> overdue_at) {
  std::vector<UndoEntry>& entries = content_.entries;
  UndoEntry entry{
      .number = entries.size() + 1, .fault = std::string(fault), .undo = undo, .overdue_at = overdue_at};
  if (auto written = append(as_line(entry)); !written) return std::unexpected(written.error());
  entries.push_back(std::move(entry));
  return entries.back().number;
}

base::Result<void> Journal::settle(std::uint64_t number, const Undone& undone) {
  SQUALL_CHECK(number >= 1 && number <= entries().size());
  SQUALL_CHECK(undone.state != UndoState::kPending);
  UndoEntry& entry = content_.entries[number - 1];
  entry.state = undone.state;
  entry.reason = undone.reason;
  return append(as_line(entry));
}

base::Result<std::vector<UndoEntry>> undo_all(Journal& journal, UndoActions& actions) {
  base::Result<void> recorded;
  const auto undo_those = [&](bool long_ones) {
    for (const UndoEntry& entry : std::views::reverse(journal.unsettled())) {
      if (may_take_long(entry.undo) != long_ones) continue;
      auto settled = journal.settle(entry.number, perform(entry.undo, actions));
      if (!settled && recorded) recorded = settled;
    }
  };
  undo_those(false);
  undo_those(true);
  if (!recorded) return std::unexpected(recorded.error());
  return journal.entries();
}

base::UniqueFd lock_journal(const std::filesystem::path& path, base::Nanos patience) {
  constexpr base::Nanos kTryAgain = std::chrono::milliseconds{1};
  base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file;
  for (base::Nanos waited{0};; waited += kTryAgain) {
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
    if (waited >= patience) return {};
    std::this_thread::sleep_for(kTryAgain);
  }
}

}  // namespace squall::fault
