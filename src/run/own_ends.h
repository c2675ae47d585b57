// Ends of processes that no fault was to cause. A service that crashes by itself may still do all its work;
// whoever reads the verdict must know.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "process/child.h"

namespace squall::run {

class OwnEnds {
 public:
  // A line for the live output; nothing once it has been said often enough.
  std::optional<std::string> note(const std::string& process, const process::ExitStatus& status);
  // "orders 2 times (exit code 1)"; empty: none.
  std::string text() const;

 private:
  struct Ends {
    int times = 0;
    std::string last;
  };

  std::map<std::string, Ends> by_process_;
};

}  // namespace squall::run
