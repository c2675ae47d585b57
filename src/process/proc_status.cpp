#include "process/proc_status.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace squall::process {
namespace {

// Far more than an execve() takes, even on a busy machine.
constexpr base::Nanos kExecPatience = std::chrono::milliseconds{50};

// Files of /proc have no size: read until the end. Nothing when it cannot be read.
std::optional<std::string> read_whole(const std::string& path) {
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;  // ESRCH: it went away between open and read
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::string proc_path(pid_t pid, std::string_view file) { return fmt::format("/proc/{}/{}", pid, file); }

// The numeric names in a folder: pids of /proc, threads of /proc/<pid>/task.
std::vector<pid_t> numbered_entries(const std::string& folder) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
  if (!listing) return numbers;
  while (const dirent* entry = readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view name(entry->d_name);
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::string> split_at_nul(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// The fields of /proc/<pid>/stat from the third (the state) on: 0 is field 3.
std::vector<std::string_view> fields_after_name(std::string_view stat) {
  std::vector<std::string_view> fields;
  const std::size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return fields;
  stat.remove_prefix(close + 1);
  while (true) {
    const std::size_t begin = stat.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return fields;
    stat.remove_prefix(begin);
    const std::size_t end = std::min(stat.find_first_of(" \n"), stat.size());
    fields.push_back(stat.substr(0, end));
    stat.remove_prefix(end);
  }
}

std::optional<ProcStatus> read_stat(pid_t pid) {
  const auto text = read_whole(proc_path(pid, "stat"));
  if (!text) return std::nullopt;
  auto status = parse_stat(*text);
  if (!status) return std::nullopt;
  return *std::move(status);
}

// In the middle of execve() the new program's memory is there, but its environment is not yet: /proc shows an
// empty one for some microseconds.
bool is_executing(pid_t pid) {
  const auto text = read_whole(proc_path(pid, "stat"));
  if (!text) return false;
  const auto fields = fields_after_name(*text);
  constexpr std::size_t kFlags = 6, kEnvironmentEnd = 48;
  constexpr unsigned kKernelThread = 0x00200000;
  if (fields.size() <= kEnvironmentEnd) return false;
  unsigned flags = 0;
  std::from_chars(fields[kFlags].data(), fields[kFlags].data() + fields[kFlags].size(), flags);
  const bool zombie = fields[0] == "Z" || fields[0] == "X";
  return fields[kEnvironmentEnd] == "0" && (flags & kKernelThread) == 0 && !zombie;
}

bool contains_entry(std::string_view environment, std::string_view entry) {
  for (std::size_t at = environment.find(entry); at != std::string_view::npos;
       at = environment.find(entry, at + 1)) {
    const std::size_t end = at + entry.size();
    const bool begins = at == 0 || environment[at - 1] == '\0';
    const bool ends = end == environment.size() || environment[end] == '\0';
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

std::string ProcStatus::describe() const {
  std::string name = executable.substr(executable.rfind('/') + 1);
  if (name.empty() && !arguments.empty()) name = arguments[0];
  if (name.empty()) return fmt::format("pid {}", identity.pid);
  return fmt::format("{} (pid {})", name, identity.pid);
}

base::Result<ProcStatus> parse_stat(std::string_view text) {
  // "812 (any (name) at all) S 1 812 812 …": only the last parenthesis ends the name.
  ProcStatus status;
  std::from_chars(text.data(), text.data() + text.size(), status.identity.pid);
  const auto fields = fields_after_name(text);
  constexpr std::size_t kState = 0, kParent = 1, kSession = 3, kThreads = 17, kStartTicks = 19;
  if (fields.size() <= kStartTicks || status.identity.pid <= 0) {
    return base::fail("not a line of /proc/<pid>/stat: {}", text);
  }
  const auto number = [](std::string_view field, auto& into) {
    return std::from_chars(field.data(), field.data() + field.size(), into).ec == std::errc{};
  };
  status.state = fields[kState].front();
  if (!number(fields[kParent], status.parent) || !number(fields[kSession], status.session) ||
      !number(fields[kThreads], status.threads) ||
      !number(fields[kStartTicks], status.identity.start_ticks)) {
    return base::fail("not a line of /proc/<pid>/stat: {}", text);
  }
  return status;
}

std::optional<ProcStatus> read_status(pid_t pid) {
  auto status = read_stat(pid);
  if (!status) return std::nullopt;
  char target[4096];
  const ssize_t length = readlink(proc_path(pid, "exe").c_str(), target, sizeof target);
  if (length > 0) status->executable.assign(target, static_cast<std::size_t>(length));
  status->arguments = split_at_nul(read_whole(proc_path(pid, "cmdline")).value_or(""));
  return status;
}

std::optional<ProcStatus> read_status(ProcessIdentity identity) {
  auto status = read_status(identity.pid);
  if (!status || status->identity != identity) return std::nullopt;
  return status;
}

std::vector<ProcStatus> all_processes() {
  std::vector<ProcStatus> table;
  for (const pid_t pid : numbered_entries("/proc")) {
    if (auto status = read_stat(pid)) table.push_back(*std::move(status));
  }
  return table;
}

bool is_alive(ProcessIdentity identity) {
  const auto status = read_stat(identity.pid);
  return status && status->identity == identity && status->alive();
}

std::vector<char> thread_states(pid_t pid) {
  std::vector<char> states;
  const std::string folder = proc_path(pid, "task");
  for (const pid_t thread : numbered_entries(folder)) {
    const auto text = read_whole(fmt::format("{}/{}/stat", folder, thread));
    if (!text) continue;
    if (const auto status = parse_stat(*text)) states.push_back(status->state);
  }
  return states;
}

bool has_environment_entry(pid_t pid, std::string_view entry) {
  bool settled = false;
  for (const base::Instant deadline = base::now() + kExecPatience; base::now() < deadline;) {
    const auto text = read_whole(proc_path(pid, "environ"));
    if (!text) return false;
    if (!text->empty() || settled) return contains_entry(*text, entry);
    // Empty: it has none, or it is just being replaced. Then it is read once more when that is over.
    settled = !is_executing(pid);
    if (!settled) std::this_thread::sleep_for(std::chrono::microseconds{100});
  }
  return false;
}

}  // namespace squall::process
