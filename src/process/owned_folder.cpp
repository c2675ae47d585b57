#include "process/owned_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "process/proc_status.h"

namespace squall::process {
namespace {

bool is_own_folder(const std::filesystem::path& path) {
  struct stat found{};
  return lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid();
}

void remove_stale(const std::filesystem::path& parent, std::string_view prefix) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    ProcessIdentity owner;
    if (std::sscanf(name.c_str() + prefix.size(), "%d-%lu", &owner.pid, &owner.start_ticks) != 2) continue;
    if (is_own_folder(entry.path()) && !is_alive(owner)) std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

base::Result<std::filesystem::path> make_owned_folder(const std::filesystem::path& parent,
                                                      std::string_view prefix) {
  remove_stale(parent, prefix);
  const auto self = read_status(getpid());
  if (!self) return base::fail("/proc does not know this process: is it mounted?");
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) return base::fail("cannot make {}: {}", parent.string(), error.message());
  const auto path = parent / fmt::format("{}{}-{}", prefix, self->identity.pid, self->identity.start_ticks);
  if (mkdir(path.c_str(), S_IRWXU) != 0) {
    error = std::error_code(errno, std::system_category());
    if (error != std::errc::file_exists)
      return base::fail("cannot make {}: {}", path.string(), error.message());
    if (!is_own_folder(path)) return base::fail("{} is there already, and is not ours", path.string());
  }
  return std::filesystem::absolute(path);
}

}  // namespace squall::process
