// What a stretch of this process takes, in time and CPU, and as the JSON line that throughput.sh reads.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall::bench {

// Seconds of CPU of this process, in user space and in the kernel, all threads.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// From its construction on.
class Measured {
 public:
  // `more`: further fields, each with its comma before it.
  std::string line(std::string_view mode, std::uint64_t count, std::string_view more) const {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    return fmt::format(R"({{"mode":"{}","per_second":{:.0f},"seconds":{:.3f},"cpu_seconds":{:.3f}{}}})", mode,
                       static_cast<double>(count) / seconds, seconds, cpu_seconds() - cpu_before_, more);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  double cpu_before_ = cpu_seconds();
};

}  // namespace squall::bench
