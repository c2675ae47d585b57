// One line of the report for the same assertion of several trials: the first that failed, else the slowest,
// else the last.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "report/run_report.h"

namespace squall::report {

// Thread: one. Lifetime: of its own.
class AssertionLines {
 public:
  // `got`: what was seen; empty: yes or no. `took`: by which the trials are ranked, where they can be.
  void add(Group group, const std::string& text, bool ok, std::string got,
           std::optional<base::Nanos> took = std::nullopt);
  // In the order in which they were first asked: "89 ms (the worst of 10)".
  const std::vector<Assertion>& lines() const { return lines_; }

 private:
  struct Seen {
    std::size_t line = 0;
    int trials = 0;
    std::string got;
    std::optional<base::Nanos> worst;
  };

  std::vector<Assertion> lines_;
  std::map<std::pair<Group, std::string>, Seen> seen_;
};

}  // namespace squall::report
