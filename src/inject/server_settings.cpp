#include "inject/server_settings.h"

#include <fstream>
#include <sstream>

namespace squall::inject {
namespace {

base::Result<void> write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  if (!file.flush()) return base::fail("cannot write {}", path.string());
  return {};
}

}  // namespace

base::Result<void> ServerConfiguration::add(const std::string& lines) {
  std::ifstream file(path_);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return base::fail("cannot read {}", path_.string());
  original_ = text.str();
  changed_ = true;
  return write(path_, original_ + "\n" + lines + "\n");
}

base::Result<void> ServerConfiguration::restore() {
  if (!changed_) return {};
  changed_ = false;
  return write(path_, original_);
}

}  // namespace squall::inject
