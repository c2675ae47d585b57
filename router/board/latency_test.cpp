#include "router/board/latency.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace router::board {
namespace {

using namespace std::chrono_literals;

Instant at(Nanos since) { return Instant{5000s} + since; }

TEST(Latency, BoundsAreAscendingAndRoundValuesAreBounds) {
  const auto& bounds = latency_bounds();
  EXPECT_TRUE(std::ranges::is_sorted(bounds));
  for (const Nanos round : {Nanos{100us}, Nanos{1ms}, Nanos{5ms}, Nanos{1s}, Nanos{5s}, Nanos{100s}}) {
    EXPECT_NE(std::ranges::find(bounds, round), bounds.end()) << round.count();
  }
}

TEST(Latency, ABoundBelongsToItsOwnBucket) {
  EXPECT_EQ(latency_bucket(0ns), 0U);
  EXPECT_EQ(latency_bucket(100us), 0U);
  EXPECT_EQ(latency_bucket(100us + 1ns), 1U);
  EXPECT_EQ(latency_bucket(100s), kBoundCount - 1);
  EXPECT_EQ(latency_bucket(101s), kBoundCount);
}

TEST(Latency, NothingRecordedHasNoQuantile) {
  EXPECT_EQ(LatencyRecorder().recent(at(0s)).quantile(0.95), std::nullopt);
}

TEST(Latency, P95IsThatOfTheValuesWithinABucketsWidth) {
  LatencyRecorder recorder;
  for (int i = 1; i <= 1000; ++i) recorder.record(i * 1ms, at(0s));
  const auto p95 = recorder.recent(at(0s)).quantile(0.95);
  ASSERT_TRUE(p95);
  EXPECT_NEAR(squall::base::to_ms(*p95), 950.0, 950.0 * 0.13);
  EXPECT_EQ(recorder.since_start().total(), 1000U);
  EXPECT_EQ(recorder.since_start().sum, 500'500ms);
}

TEST(Latency, P95CrossesFiveSecondsExactlyWhereTheValuesDo) {
  LatencyRecorder at_five;
  for (int i = 0; i < 100; ++i) at_five.record(5s, at(0s));
  EXPECT_LE(*at_five.recent(at(0s)).quantile(0.95), 5s);
  LatencyRecorder above;
  for (int i = 0; i < 100; ++i) above.record(5s + 1ns, at(0s));
  EXPECT_GT(*above.recent(at(0s)).quantile(0.95), 5s);
}

TEST(Latency, TheSlowestFiveOfAHundredDoNotMoveP95AndTheSixthDoes) {
  LatencyRecorder recorder;
  for (int i = 0; i < 95; ++i) recorder.record(1ms, at(0s));
  for (int i = 0; i < 5; ++i) recorder.record(10s, at(0s));
  EXPECT_LE(*recorder.recent(at(0s)).quantile(0.95), 1ms);
  recorder.record(10s, at(0s));
  EXPECT_GT(*recorder.recent(at(0s)).quantile(0.95), 5s);
}

TEST(Latency, WhatIsOlderThanFiveSecondsIsForgottenButStaysInTheTotal) {
  LatencyRecorder recorder;
  recorder.record(10s, at(0s));
  EXPECT_EQ(recorder.recent(at(4s)).total(), 1U);
  EXPECT_EQ(recorder.recent(at(5s)).total(), 0U);
  EXPECT_EQ(recorder.since_start().total(), 1U);
}

TEST(Latency, ARingCellIsReusedWithoutItsOldCount) {
  LatencyRecorder recorder;
  for (int second = 0; second < 40; ++second) recorder.record(1ms, at(second * 1s));
  EXPECT_EQ(recorder.recent(at(39s)).total(), 5U);
}

TEST(Latency, BeyondTheLastBoundIsTheLastBound) {
  LatencyRecorder recorder;
  recorder.record(1000s, at(0s));
  EXPECT_EQ(recorder.recent(at(0s)).quantile(0.95), 100s);
}

TEST(Latency, NoCountIsLostBetweenThreadsAtTheTurnOfASecond) {
  LatencyRecorder recorder;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&recorder] {
        for (int i = 0; i < 10'000; ++i) recorder.record(1ms, at(i < 5000 ? 0s : 1s));
      });
    }
  }
  EXPECT_EQ(recorder.since_start().total(), 40'000U);
}

}  // namespace
}  // namespace router::board
