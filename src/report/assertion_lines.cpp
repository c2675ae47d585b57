#include "report/assertion_lines.h"

#include <fmt/format.h>

namespace squall::report {

void AssertionLines::add(Group group, const std::string& text, bool ok, std::string got,
                         std::optional<base::Nanos> took) {
  if (got.empty()) got = ok ? "yes" : "no";
  const bool plain = got == "yes" || got == "no";
  const auto [found, first] = seen_.try_emplace({group, text});
  Seen& seen = found->second;
  if (first) {
    seen.line = lines_.size();
    lines_.push_back({group, text, "yes", "", true});
  }
  ++seen.trials;
  Assertion& line = lines_[seen.line];
  if (!line.ok) return;
  // A failure is told even where another trial took longer: bounds may differ.
  const bool quicker = took && seen.worst && *took < *seen.worst;
  if (!ok || !quicker) {
    seen.got = std::move(got);
    seen.worst = took;
    line.ok = ok;
  }
  const bool alone = seen.trials == 1 || !line.ok || plain;
  line.got = alone ? seen.got
                   : fmt::format("{} (the {} of {})", seen.got, seen.worst ? "worst" : "last", seen.trials);
}

}  // namespace squall::report
