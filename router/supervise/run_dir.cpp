#include "router/supervise/run_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/clock.h"

namespace router::supervise {

using squall::base::fail;
using squall::base::fail_errno;
using squall::base::Result;
using squall::base::UniqueFd;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kLock = "router.lock";
// The kernel needs a moment to end the tree of a router whose top was just killed.
constexpr auto kDyingTree = 1s;

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

int pid_in(int lock) {
  char text[32];
  const ssize_t size = pread(lock, text, sizeof text, 0);
  int pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

bool lives(int pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

// Waits only for a lock whose owner is gone already.
Result<void> take_lock(const std::string& path, int lock) {
  const auto deadline = squall::base::now() + kDyingTree;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail_errno(fmt::format("cannot lock {}", path), errno);
    const int owner = pid_in(lock);
    if (lives(owner) || squall::base::now() > deadline) {
      return fail("a router already runs in {} (pid {}): stop it, or choose another --run-dir", path, owner);
    }
    std::this_thread::sleep_for(2ms);
  }
  return {};
}

}  // namespace

std::string default_run_dir() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets any
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') return std::string(runtime) + "/squall-router";
  if (geteuid() == 0) return "/run/squall-router";
  return fmt::format("/tmp/squall-router-{}", geteuid());
}

Result<RunDir> RunDir::claim(const std::string& path) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  std::filesystem::create_directories(std::filesystem::path(absolute).parent_path(), error);
  if (mkdir(absolute.c_str(), 0750) != 0 && errno != EEXIST) {
    return fail_errno(fmt::format("cannot make the run dir {}", absolute), errno);
  }
  struct stat status{};
  if (lstat(absolute.c_str(), &status) != 0) {
    return fail_errno(fmt::format("cannot use the run dir {}", absolute), errno);
  }
  if (S_ISDIR(status.st_mode) && status.st_uid != geteuid()) {
    return fail("cannot use the run dir {}: it belongs to another user", absolute);
  }
  const std::string lock_path = absolute + "/" + std::string(kLock);
  UniqueFd lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!lock) return fail_errno(fmt::format("cannot use the run dir {}", absolute), errno);
  if (auto locked = take_lock(absolute, lock.get()); !locked) return std::unexpected(locked.error());

  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno(fmt::format("cannot write {}", lock_path), errno);
  }
  return RunDir(absolute, std::move(lock));
}

RunDir RunDir::inherited(std::string path, UniqueFd lock) { return {std::move(path), std::move(lock)}; }

Result<void> RunDir::write(std::string_view name, std::string_view content) const {
  const std::string target = file(name);
  const std::string temporary = fmt::format("{}.{}.new", target, getpid());
  UniqueFd out(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!out) return fail_errno(fmt::format("cannot write {}", temporary), errno);
  if (auto written = write_all(out.get(), content); !written) {
    unlink(temporary.c_str());
    return std::unexpected(written.error().within(fmt::format("cannot write {}", temporary)));
  }
  if (rename(temporary.c_str(), target.c_str()) != 0) {
    const int error_number = errno;
    unlink(temporary.c_str());
    return fail_errno(fmt::format("cannot write {}", target), error_number);
  }
  return {};
}

void RunDir::remove(std::string_view name) const { unlink(file(name).c_str()); }

Result<void> RunDir::write_pid(const std::string& process, int pid) const {
  return write(process + ".pid", fmt::format("{}\n", pid));
}

}  // namespace router::supervise
