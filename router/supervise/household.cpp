#include "router/supervise/household.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace router::supervise {

using squall::base::fail;
using squall::base::fail_errno;
using squall::base::Result;
using squall::base::UniqueFd;

namespace {

Result<UniqueFd> to_memory_file(const std::string& content) {
  UniqueFd file(memfd_create("router-config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return fail_errno("cannot make a memory file", errno);
  if (pwrite(file.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) {
    return fail_errno("cannot write a memory file", errno);
  }
  fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return file;
}

Result<std::string> from_memory_file(int file) {
  struct stat status{};
  if (fstat(file, &status) != 0) return fail_errno("cannot read the inherited configuration", errno);
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  if (pread(file, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) {
    return fail_errno("cannot read the inherited configuration", errno);
  }
  return content;
}

void close_all_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto keep = static_cast<unsigned>(fd);
    if (keep > next) close_range(next, keep - 1, 0);
    next = std::max(next, keep + 1);
  }
  close_range(next, ~0U, 0);
}

// The path, so that `ps` shows it; the running file itself when another one was put in its place.
std::string own_binary() {
  std::error_code error;
  const std::string path = std::filesystem::read_symlink("/proc/self/exe", error).string();
  return !error && std::filesystem::equivalent(path, "/proc/self/exe", error) ? path : "/proc/self/exe";
}

}  // namespace

Result<Household> found_household(const config::ConfigText& text, config::RouterConfig config,
                                  config::Defect defect) {
  auto run_dir = RunDir::claim(config.run_dir.empty() ? default_run_dir() : config.run_dir);
  if (!run_dir) return std::unexpected(run_dir.error());
  auto board = board::Board::create(config.roles.decide);
  if (!board) return std::unexpected(board.error());
  auto config_file = to_memory_file(config::pack(text));
  if (!config_file) return std::unexpected(config_file.error());
  return Household{.config = std::move(config),
                   .config_file = std::move(*config_file),
                   .board = std::move(*board),
                   .run_dir = std::move(*run_dir),
                   .defect = defect};
}

Result<Household> join_household(const Inheritance& inheritance) {
  for (const int fd : {inheritance.board_fd, inheritance.config_fd, inheritance.lock_fd}) {
    if (fcntl(fd, F_GETFD) < 0) return fail("this command is for `router run` only: nothing was inherited");
  }
  close_all_but({inheritance.board_fd, inheritance.config_fd, inheritance.lock_fd});
  UniqueFd config_file(inheritance.config_fd);
  UniqueFd lock(inheritance.lock_fd);
  for (const int fd : {config_file.get(), lock.get()}) fcntl(fd, F_SETFD, FD_CLOEXEC);

  auto board = board::Board::attach(UniqueFd(inheritance.board_fd));
  if (!board) return std::unexpected(board.error());
  auto packed = from_memory_file(config_file.get());
  if (!packed) return std::unexpected(packed.error());
  auto text = config::unpack(*packed);
  if (!text) return std::unexpected(text.error());
  config::ParsedConfig parsed = config::parse_config(*text, config::environment_variable);
  if (!parsed.ok()) return fail("{}", config::to_text(parsed.problems));
  return Household{.config = std::move(parsed.config),
                   .config_file = std::move(config_file),
                   .board = std::move(*board),
                   .run_dir = RunDir::inherited(inheritance.run_dir, std::move(lock)),
                   .defect = inheritance.defect};
}

std::vector<std::string> child_command(const Household& household, std::vector<std::string> arguments) {
  std::vector<std::string> command{own_binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto option = [&](std::string name, std::string value) {
    command.push_back(std::move(name));
    command.push_back(std::move(value));
  };
  option("--run-dir", household.run_dir.path());
  option("--board-fd", std::to_string(household.board.fd()));
  option("--config-fd", std::to_string(household.config_file.get()));
  option("--lock-fd", std::to_string(household.run_dir.lock_fd()));
  if (household.defect != config::Defect::none) {
    option("--defect", std::string(config::name_of(household.defect)));
  }
  return command;
}

std::vector<int> inherited_fds(const Household& household) {
  return {household.board.fd(), household.config_file.get(), household.run_dir.lock_fd()};
}

Result<observe::Log> open_log(const Household& household, board::Role role, int index) {
  const config::LogSettings& settings = household.config.log;
  std::string path = settings.path;
  if (!path.empty() && path.front() != '/') path = household.run_dir.file(path);
  return observe::Log::open({.path = path,
                             .level = static_cast<observe::Level>(settings.level),
                             .role = std::string(board::name_of(role)),
                             .index = index});
}

}  // namespace router::supervise
