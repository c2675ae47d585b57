#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "evidence/run_folder.h"

namespace squall::evidence {
namespace {

// The value of the first line that begins with `key`, quotes removed; empty if there is none.
std::string value_in(const char* file, const std::string& key, char separator) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t at = line.find(separator);
    if (at == std::string::npos || !line.starts_with(key)) continue;
    std::string value = line.substr(at + 1);
    value.erase(0, value.find_first_not_of(" \t\""));
    value.erase(value.find_last_not_of(" \t\"") + 1);
    return value;
  }
  return {};
}

}  // namespace

nlohmann::json describe_host() {
  utsname names{};
  ::uname(&names);
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGE_SIZE);
  return {{"hostname", names.nodename},
          {"kernel", names.release},
          {"architecture", names.machine},
          {"os", value_in("/etc/os-release", "PRETTY_NAME", '=')},
          {"cpus", std::thread::hardware_concurrency()},
          {"cpu_model", value_in("/proc/cpuinfo", "model name", ':')},
          {"memory_bytes", pages > 0 && page_size > 0 ? std::int64_t{pages} * page_size : 0}};
}

}  // namespace squall::evidence
