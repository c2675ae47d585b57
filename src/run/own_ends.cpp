#include "run/own_ends.h"

#include <fmt/format.h>

namespace squall::run {

std::optional<std::string> OwnEnds::note(const std::string& process, const process::ExitStatus& status) {
  Ends& ends = by_process_[process];
  ++ends.times;
  ends.last = status.describe();
  constexpr int kSaid = 3;
  if (ends.times > kSaid) return std::nullopt;
  return fmt::format("           {} ended by itself: {}{}", process, ends.last,
                     ends.times == kSaid ? " (and perhaps again: see the timeline)" : "");
}

std::string OwnEnds::text() const {
  std::string text;
  for (const auto& [process, ends] : by_process_) {
    text += fmt::format("{}{} {} time{} ({})", text.empty() ? "" : ", ", process, ends.times,
                        ends.times == 1 ? "" : "s", ends.last);
  }
  return text;
}

}  // namespace squall::run
