#include "check/availability.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::check {
namespace {

struct OfKind {
  std::uint64_t outages = 0;
  base::Nanos longest{0};
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t unended = 0;
};

}  // namespace

Verdict check_availability(const ledger::Ledger& ledger, std::optional<base::Nanos> limit) {
  Verdict verdict = begin_verdict("availability", ledger);
  std::array<OfKind, ledger::kOperationKinds> kinds{};
  for (const ledger::Outage& outage : ledger.outages().outages()) {
    OfKind& of_kind = kinds[static_cast<std::size_t>(outage.kind)];
    ++of_kind.outages;
    of_kind.failed += outage.failed;
    of_kind.unknown += outage.unknown;
    if (!outage.until) {
      ++of_kind.unended;
    } else {
      of_kind.longest = std::max(of_kind.longest, *outage.until - outage.from);
    }
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const OfKind& of_kind = kinds[i];
    if (of_kind.outages == 0) continue;
    const std::string kind(to_string(static_cast<ledger::OperationKind>(i)));
    verdict.counts.push_back({"outages." + kind, of_kind.outages});
    verdict.counts.push_back(
        {"longest_us." + kind, static_cast<std::uint64_t>(of_kind.longest.count() / 1000)});
    verdict.counts.push_back({"failed." + kind, of_kind.failed});
    verdict.counts.push_back({"unknown." + kind, of_kind.unknown});
    if (!limit) continue;
    if (of_kind.unended > 0) {
      verdict.fail(fmt::format("{}: an outage never ended", kind));
    } else if (of_kind.longest > *limit) {
      verdict.fail(fmt::format("{}: not available for {}, want {}", kind,
                               base::format_duration(of_kind.longest), base::format_duration(*limit)));
    }
  }
  return verdict;
}

}  // namespace squall::check
