#include "evidence/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace squall::evidence {

base::Result<AppendFile> AppendFile::open(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return base::fail_errno(fmt::format("cannot open {} for writing", path.string()), errno);
  return AppendFile(std::move(fd), path.string());
}

base::Result<void> AppendFile::append(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return base::fail_errno(fmt::format("cannot write to {}; the evidence is incomplete", name_), errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Result<void> AppendFile::sync() const {
  if (::fdatasync(fd_.get()) != 0) return base::fail_errno(fmt::format("cannot sync {}", name_), errno);
  return {};
}

}  // namespace squall::evidence
