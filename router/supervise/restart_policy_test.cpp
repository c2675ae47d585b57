#include "router/supervise/restart_policy.h"

#include <gtest/gtest.h>

namespace router::supervise {
namespace {

using namespace std::chrono_literals;

Instant at(Nanos since) { return Instant{1000s} + since; }

TEST(RestartIntensity, AllowsFiveRestartsAndRefusesTheSixth) {
  RestartIntensity intensity(5, 10s);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(intensity.allows_restart(at(i * 1s))) << i;
  EXPECT_FALSE(intensity.allows_restart(at(5s)));
}

TEST(RestartIntensity, ForgetsDeathsThatAreOldEnough) {
  RestartIntensity intensity(5, 10s);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(intensity.allows_restart(at(i * 2s))) << i;  // 5 in any 10 s
}

TEST(RestartIntensity, TheSpanSlides) {
  RestartIntensity intensity(2, 10s);
  EXPECT_TRUE(intensity.allows_restart(at(0s)));
  EXPECT_TRUE(intensity.allows_restart(at(9s)));
  EXPECT_TRUE(intensity.allows_restart(at(10s)));  // the first is exactly 10 s old: it no longer counts
  EXPECT_FALSE(intensity.allows_restart(at(10s + 1ms)));
}

TEST(RestartIntensity, NoneAllowedMeansTheFirstDeathIsTooMany) {
  EXPECT_FALSE(RestartIntensity(0, 10s).allows_restart(at(0s)));
}

TEST(Backoff, DoublesUpToItsLimit) {
  Backoff backoff({50ms, 2s, 1s});
  std::vector<Nanos> pauses;
  for (int i = 0; i < 8; ++i) pauses.push_back(backoff.after_run_of(10ms));
  EXPECT_EQ(pauses, (std::vector<Nanos>{50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2s, 2s}));
}

TEST(Backoff, ReturnsToTheBeginningAfterAStableRun) {
  Backoff backoff({50ms, 2s, 1s});
  EXPECT_EQ(backoff.after_run_of(0ms), 50ms);
  EXPECT_EQ(backoff.after_run_of(999ms), 100ms);
  EXPECT_EQ(backoff.after_run_of(1s), 50ms);
  EXPECT_EQ(backoff.after_run_of(0ms), 100ms);
}

}  // namespace
}  // namespace router::supervise
