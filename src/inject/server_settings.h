// A server's configuration file with lines added, and as it was. Private to inject/.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace squall::inject {

class ServerConfiguration {
 public:
  explicit ServerConfiguration(std::filesystem::path path) : path_(std::move(path)) {}
  ~ServerConfiguration() { (void)restore(); }
  ServerConfiguration(const ServerConfiguration&) = delete;
  ServerConfiguration& operator=(const ServerConfiguration&) = delete;

  // Errors: it cannot be read or written.
  base::Result<void> add(const std::string& lines);
  // Idempotent.
  base::Result<void> restore();

 private:
  std::filesystem::path path_;
  std::string original_;
  bool changed_ = false;
};

}  // namespace squall::inject
