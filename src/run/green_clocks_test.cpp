#include "run/green_clocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::run {
namespace {

using std::chrono::milliseconds;

base::Instant at_ms(std::int64_t ms) { return base::Instant{milliseconds{ms}}; }

// One probe, asked every 100 ms, that is red within [from, until).
struct Red {
  std::int64_t from;
  std::int64_t until;
};
void observe(GreenClocks& clocks, std::int64_t from, std::int64_t until, const std::vector<Red>& red) {
  for (std::int64_t ms = from; ms < until; ms += 100) {
    bool green = true;
    for (const Red& each : red) green = green && (ms < each.from || ms >= each.until);
    clocks.observe("works", {.answer = green ? probe::Answer::kGreen : probe::Answer::kRed,
                             .reason = green ? "" : "nobody answers",
                             .asked_at = at_ms(ms),
                             .answered_at = at_ms(ms)});
  }
}

GreenClocks one_probe() { return GreenClocks({.required = {"works"}, .hold = milliseconds{500}}); }

TEST(GreenClocks, WithoutAFaultNothingIsGreen) {
  GreenClocks clocks = one_probe();
  observe(clocks, 0, 2'000, {});
  EXPECT_FALSE(clocks.all_green());
  EXPECT_EQ(clocks.time_to_green(at_ms(0)), std::nullopt);
}

// The gap that the schedule leaves between two faults is nobody's recovery.
TEST(GreenClocks, EachFaultIsMeasuredFromItsOwnEffect) {
  GreenClocks clocks = one_probe();
  clocks.begin(at_ms(0));
  observe(clocks, 0, 500, {{0, 300}});
  clocks.over(at_ms(0));
  observe(clocks, 500, 10'000, {});
  EXPECT_TRUE(clocks.all_green());
  clocks.begin(at_ms(10'000));
  EXPECT_FALSE(clocks.all_green());
  observe(clocks, 10'000, 11'000, {{10'000, 10'700}});
  clocks.over(at_ms(10'000));
  EXPECT_FALSE(clocks.all_green());
  observe(clocks, 11'000, 12'000, {});
  EXPECT_TRUE(clocks.all_green());
  EXPECT_EQ(clocks.time_to_green(at_ms(0)), milliseconds{300});
  EXPECT_EQ(clocks.time_to_green(at_ms(10'000)), milliseconds{700});
}

// Green while the first fault bites late, or while only another one is over, is not its recovery.
TEST(GreenClocks, WhatIsRedBeforeAFaultIsOverUndoesItsGreen) {
  GreenClocks clocks = one_probe();
  clocks.begin(at_ms(0));
  clocks.begin(at_ms(200));
  observe(clocks, 200, 1'000, {});
  clocks.over(at_ms(200));
  EXPECT_FALSE(clocks.all_green());
  observe(clocks, 1'000, 3'000, {{1'000, 2'000}});
  clocks.over(at_ms(0));
  EXPECT_TRUE(clocks.all_green());
  EXPECT_EQ(clocks.time_to_green(at_ms(0)), milliseconds{2'000});
  EXPECT_EQ(clocks.time_to_green(at_ms(200)), milliseconds{0});
}

TEST(GreenClocks, WhatNeverComesBackIsNamed) {
  GreenClocks clocks = one_probe();
  clocks.begin(at_ms(0));
  observe(clocks, 0, 1'000, {{0, 1'000}});
  clocks.all_over();
  EXPECT_FALSE(clocks.all_green());
  EXPECT_THAT(clocks.waiting_for(), testing::ElementsAre("works: nobody answers"));
}

}  // namespace
}  // namespace squall::run
