#include "router/roles/backpressure_machine.h"

#include <gtest/gtest.h>

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using board::Backpressure;
using squall::base::Instant;

constexpr Instant kStart{100s};
const config::BackpressureSettings kSettings{
    .pending = 1000, .decide_p95 = 5s, .in_flight = 500, .active_after = 5s};

TEST(Backpressure, IsInactiveUpToTheThresholds) {
  BackpressureMachine machine(kSettings);
  EXPECT_EQ(machine.update({1000, 5s, 500}, kStart), Backpressure::inactive);
}

TEST(Backpressure, WarnsWhenAnyOneIsOver) {
  for (const LoadSample& sample :
       {LoadSample{1001, 0s, 0}, LoadSample{0, 5001ms, 0}, LoadSample{0, 0s, 501}}) {
    BackpressureMachine machine(kSettings);
    EXPECT_EQ(machine.update(sample, kStart), Backpressure::warning);
    EXPECT_EQ(machine.update({1000, 5s, 500}, kStart + 1s), Backpressure::inactive);
  }
}

TEST(Backpressure, IsActiveWhenAnyTwoAreOver) {
  for (const LoadSample& sample :
       {LoadSample{1001, 6s, 0}, LoadSample{0, 6s, 501}, LoadSample{1001, 0s, 501}}) {
    BackpressureMachine machine(kSettings);
    EXPECT_EQ(machine.update(sample, kStart), Backpressure::active);
  }
}

TEST(Backpressure, PendingAloneBecomesActiveAfterItsTime) {
  BackpressureMachine machine(kSettings);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart), Backpressure::warning);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart + 4999ms), Backpressure::warning);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart + 5s), Backpressure::active);
}

TEST(Backpressure, TheTimeOfPendingStartsOverWhenItWasBelowOnce) {
  BackpressureMachine machine(kSettings);
  machine.update({2000, 0s, 0}, kStart);
  machine.update({900, 0s, 0}, kStart + 4s);
  machine.update({2000, 0s, 0}, kStart + 4500ms);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart + 6s), Backpressure::warning);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart + 9500ms), Backpressure::active);
}

TEST(Backpressure, SlowDecisionsAloneNeverBecomeActive) {
  BackpressureMachine machine(kSettings);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(machine.update({0, 6s, 0}, kStart + i * 1s), Backpressure::warning);
  }
}

TEST(Backpressure, LeavesActiveOnlyWhenAllAreBelowHalf) {
  BackpressureMachine machine(kSettings);
  machine.update({2000, 6s, 0}, kStart);
  for (const LoadSample& sample :
       {LoadSample{500, 0s, 0}, LoadSample{0, 2500ms, 0}, LoadSample{0, 0s, 250}}) {
    EXPECT_EQ(machine.update(sample, kStart + 1s), Backpressure::active);
  }
  EXPECT_EQ(machine.update({499, 2499ms, 249}, kStart + 2s), Backpressure::inactive);
}

TEST(Backpressure, AfterActiveTheTimeOfPendingStartsOver) {
  BackpressureMachine machine(kSettings);
  machine.update({2000, 6s, 0}, kStart);
  machine.update({0, 0s, 0}, kStart + 10s);
  EXPECT_EQ(machine.update({2000, 0s, 0}, kStart + 11s), Backpressure::warning);
}

}  // namespace
}  // namespace router::roles
