// Any bytes are accepted or refused as an experiment file, within bounds of time and memory; what is accepted
// can be planned.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "experiment/parse.h"
#include "experiment/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::experiment;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Parsed parsed = parse_experiment(text, "fuzz.yaml", {});
  if (!parsed.ok()) return 0;
  const Planned planned = plan_experiment(parsed.experiment, {.seed = 1, .trials = 2});
  if (planned.ok())
    SQUALL_CHECK(planned.plan == plan_experiment(parsed.experiment, {.seed = 1, .trials = 2}).plan);
  return 0;
}
