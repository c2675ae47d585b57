#include "workload/pacing.h"

#include <gtest/gtest.h>

namespace squall::workload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Pacing, SpacesEvenly) {
  const Pacing pacing{.per_second = 500, .burst = 1};
  EXPECT_EQ(due_offset(pacing, 0), milliseconds{0});
  EXPECT_EQ(due_offset(pacing, 1), milliseconds{2});
  EXPECT_EQ(due_offset(pacing, 500), milliseconds{1000});
}

TEST(Pacing, ABurstIsDueAtOnceAndKeepsTheRate) {
  const Pacing pacing{.per_second = 1000, .burst = 20};
  EXPECT_EQ(due_offset(pacing, 19), milliseconds{0});
  EXPECT_EQ(due_offset(pacing, 20), milliseconds{20});
  EXPECT_EQ(due_offset(pacing, 1000), milliseconds{1000});
}

// How many of the first 10,000 inputs are due before `until`.
std::uint64_t due_before(const Pacing& pacing, base::Nanos until) {
  std::uint64_t index = 0;
  while (index < 10'000 && due_offset(pacing, index) < until) ++index;
  return index;
}

TEST(Pacing, ARampLetsHalfOutAndThenGoesOnAtItsRate) {
  const Pacing pacing = ramp(1000, seconds(2));
  EXPECT_EQ(due_offset(pacing, 0), milliseconds{0});
  EXPECT_NEAR(static_cast<double>(due_before(pacing, seconds(1))), 250, 1) << "a quarter in the first half";
  EXPECT_NEAR(static_cast<double>(due_before(pacing, seconds(2))), 1000, 1);
  EXPECT_EQ(due_offset(pacing, 1500) - due_offset(pacing, 1400), milliseconds{100});
}

TEST(Pacing, AStepDoublesTheRateAtOnce) {
  const Pacing pacing = step(1000, seconds(1));
  EXPECT_EQ(due_offset(pacing, 100), milliseconds{200});
  EXPECT_EQ(due_offset(pacing, 500), milliseconds{1000});
  EXPECT_EQ(due_offset(pacing, 600), milliseconds{1100});
}

TEST(Pacing, StretchesFollowEachOtherUpAndDown) {
  const Pacing peak{.per_second = 100,
                    .before = {{.from = 100, .to = 900, .lasts = seconds(1)},
                               {.from = 900, .to = 900, .lasts = seconds(1)},
                               {.from = 900, .to = 100, .lasts = seconds(1)}}};
  EXPECT_NEAR(static_cast<double>(due_before(peak, seconds(1))), 500, 1);
  EXPECT_NEAR(static_cast<double>(due_before(peak, seconds(2))), 1400, 1);
  EXPECT_NEAR(static_cast<double>(due_before(peak, seconds(3))), 1900, 1);
  EXPECT_NEAR(static_cast<double>(due_before(peak, seconds(4))), 2000, 1);
}

TEST(Pacing, NoInputIsDueBeforeTheOneBeforeIt) {
  for (const Pacing& pacing : {ramp(700, milliseconds(300), 7), step(700, milliseconds(300), 3)}) {
    for (std::uint64_t index = 1; index < 2000; ++index) {
      EXPECT_LE(due_offset(pacing, index - 1), due_offset(pacing, index)) << index;
    }
  }
}

}  // namespace
}  // namespace squall::workload
