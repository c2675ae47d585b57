// The folder of one running router: its lock, pid files and HTTP address. The lock is an flock on an open
// file that every process of the router inherits, so a second router is refused for as long as any process of
// the first one lives, and never because of a stale file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace router::supervise {

// $XDG_RUNTIME_DIR/squall-router, else /run/squall-router for root, else /tmp/squall-router-<uid>.
std::string default_run_dir();

class RunDir {
 public:
  // Makes the folder (0750) if need be and locks it. Errors: another router has it (its pid is named),
  // or it is not ours or not writable.
  static squall::base::Result<RunDir> claim(const std::string& path);
  // What a child inherited.
  static RunDir inherited(std::string path, squall::base::UniqueFd lock);

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  int lock_fd() const { return lock_.get(); }

  // Replaces the file by an atomic rename: a reader sees the old or the new content.
  squall::base::Result<void> write(std::string_view name, std::string_view content) const;
  void remove(std::string_view name) const;
  squall::base::Result<void> write_pid(const std::string& process, int pid) const;
  void remove_pid(const std::string& process) const { remove(process + ".pid"); }

 private:
  RunDir(std::string path, squall::base::UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  squall::base::UniqueFd lock_;
};

}  // namespace router::supervise
