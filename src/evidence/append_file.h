// A file that only grows. What was appended survives our death (not a power cut: see sync()).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace squall::evidence {

class AppendFile {
 public:
  // Creates the file if need be.
  static base::Result<AppendFile> open(const std::filesystem::path& path);

  // One write(2); a short one is completed or reported. Thread: any (O_APPEND keeps pieces whole).
  base::Result<void> append(std::string_view bytes) const;
  // Down to the disk.
  base::Result<void> sync() const;

 private:
  AppendFile(base::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  base::UniqueFd fd_;
  std::string name_;
};

}  // namespace squall::evidence
