#include "ledger/nearest_fault.h"

#include <gtest/gtest.h>

namespace squall::ledger {
namespace {

base::Instant at(int ms) { return base::Instant{std::chrono::milliseconds{ms}}; }

TEST(NearestFault, IsToldByWhenTheInputWasSent) {
  RunFacts run;
  EXPECT_EQ(nearest_fault(run, at(1)), "");
  run.faults = {{.struck = {.number = 1, .target = "worker", .at = at(1'000)}, .healed_at = at(2'000)},
                {.struck = {.number = 2, .target = "nats-1", .at = at(5'000)}, .healed_at = {}}};
  EXPECT_EQ(nearest_fault(run, at(988)), " · attempted 12 ms before fault 1, of worker");
  EXPECT_EQ(nearest_fault(run, at(1'500)), " · attempted during fault 1, of worker");
  EXPECT_EQ(nearest_fault(run, at(2'250)), " · attempted 250 ms after fault 1, of worker");
  EXPECT_EQ(nearest_fault(run, at(4'000)), " · attempted 1.00 s before fault 2, of nats-1");
  EXPECT_EQ(nearest_fault(run, at(5'100)),
            " · attempted 100 ms after fault 2, of nats-1, whose end was not seen");
}

}  // namespace
}  // namespace squall::ledger
