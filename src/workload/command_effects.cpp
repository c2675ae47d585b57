#include "workload/command_effects.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/invariant.h"
#include "process/spawn.h"

namespace squall::workload {
namespace {

base::UniqueFd memory_file(const char* name) { return base::UniqueFd(memfd_create(name, MFD_CLOEXEC)); }

std::string contents(const base::UniqueFd& file) {
  std::string text;
  char block[64 * 1024];
  for (off_t at = 0;;) {
    const ssize_t size = pread(file.get(), block, sizeof block, at);
    if (size <= 0) return text;
    text.append(block, static_cast<std::size_t>(size));
    at += size;
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Whether `first` became readable before the deadline, and before `second`.
bool wait_readable(int first, int second, base::Instant deadline) {
  pollfd files[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  while (base::now() < deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now());
    const int ready = poll(files, 2, static_cast<int>(left.count()));
    if (ready > 0) return (files[0].revents & POLLIN) != 0;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

}  // namespace

base::Result<std::string> run_effect_command(const CommandEffects& options, int stop) {
  SQUALL_CHECK(!options.command.empty());
  const base::UniqueFd printed = memory_file("effects");
  const base::UniqueFd said = memory_file("errors");
  if (!printed || !said) return base::fail_errno("no memory for the command's output", errno);
  process::SpawnOptions spawn;
  spawn.command = options.command;
  spawn.stdout_fd = printed.get();
  spawn.stderr_fd = said.get();
  const auto child = process::spawn(spawn);
  if (!child) return std::unexpected(child.error());
  const bool ended = wait_readable(child->pidfd.get(), stop, base::now() + options.deadline);
  ::kill(-child->pid, SIGKILL);  // its session: also what it left running
  int status = 0;
  while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    return base::fail("{} did not end within {}", options.command.front(),
                      base::format_duration(options.deadline));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return base::fail("{} failed ({}): {}", options.command.front(),
                      WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status)) : "a signal",
                      last_line(contents(said)));
  }
  return contents(printed);
}

CommandEffectsReader::CommandEffectsReader(boost::asio::io_context& io, CommandEffects source,
                                           ledger::Stage stage, Recorder& recorder)
    : io_(io),
      source_(std::move(source)),
      stage_(stage),
      recorder_(recorder),
      stop_(eventfd(0, EFD_CLOEXEC)) {}

CommandEffectsReader::~CommandEffectsReader() {
  *alive_ = false;
  eventfd_write(stop_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void CommandEffectsReader::start() {
  thread_ = std::thread([this] { run(io_); });
}

// On the thread of its own: touches only what does not change, and posts the rest.
void CommandEffectsReader::run(boost::asio::io_context& io) {
  pollfd stop{stop_.get(), POLLIN, 0};
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(source_.every);
  do {
    const base::Instant started = base::now();
    auto printed = run_effect_command(source_, stop_.get());
    boost::asio::post(io, [this, alive = alive_, started, printed = std::move(printed)] {
      if (*alive) take(started, printed);
    });
  } while (poll(&stop, 1, static_cast<int>(pause.count())) == 0);
}

void CommandEffectsReader::take(base::Instant started, const base::Result<std::string>& printed) {
  if (!printed) {
    last_error_ = printed.error().message();
    return;
  }
  last_error_.clear();
  std::unordered_map<std::string, std::uint32_t> now;
  for (std::string_view rest = *printed; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) ++now[std::string(line)];
  }
  const base::Instant at = base::now();
  for (const auto& [key, count] : now) {
    std::uint32_t& seen = seen_[key];
    for (; seen < count; ++seen) {
      recorder_.record(ledger::Effect{.stage = stage_, .key = key, .stream_seq = 0, .at = at});
    }
  }
  seen_until_ = started;
}

void CommandEffectsReader::conclude() {
  if (last_error_.empty()) return;
  recorder_.doubt("effects could not be counted at the end: " + last_error_, 1, DoubtAbout::effects);
}

}  // namespace squall::workload
