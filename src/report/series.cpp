#include "report/series.h"

namespace squall::report {

Series effects_over_time(const ledger::Ledger& ledger, ledger::Stage stage, const SeriesSpan& span) {
  Series series{.name = ledger.layout().stages[stage] + " effects",
                .began_at = span.from - span.run_start,
                .bin = span.bin};
  if (span.until <= span.from) return series;
  const auto bins = (span.until - span.from + span.bin - base::Nanos{1}) / span.bin;
  series.counts.resize(static_cast<std::size_t>(bins));
  for (const ledger::OpId id : ledger.attempted_since(base::Instant::min())) {
    const ledger::StageEffects effects = ledger.operation(id).effects[stage];
    if (effects.count == 0 || effects.first_at < span.from || effects.first_at >= span.until) continue;
    ++series.counts[static_cast<std::size_t>((effects.first_at - span.from) / span.bin)];
  }
  return series;
}

}  // namespace squall::report
