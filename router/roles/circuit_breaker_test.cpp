#include "router/roles/circuit_breaker.h"

#include <gtest/gtest.h>

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using board::Breaker;

constexpr Instant kStart{1000s};
const config::BreakerSettings
    kSettings{};  // 5 in a row; 50 % of 20 in 60 s; open 30 s; 3 probes; 2 successes

void record(CircuitBreaker& breaker, int times, bool success, Instant now) {
  for (int i = 0; i < times; ++i) breaker.record(success, now);
}

CircuitBreaker opened() {
  CircuitBreaker breaker(kSettings);
  record(breaker, 5, false, kStart);
  return breaker;
}

TEST(CircuitBreakers, OpenAtTheFifthFailureInARow) {
  CircuitBreaker breaker(kSettings);
  record(breaker, 4, false, kStart);
  EXPECT_TRUE(breaker.admit(kStart));
  breaker.record(true, kStart);
  record(breaker, 4, false, kStart);
  EXPECT_TRUE(breaker.admit(kStart)) << "the success started the row over";
  breaker.record(false, kStart);
  EXPECT_FALSE(breaker.admit(kStart));
}

TEST(CircuitBreakers, OpenWhenHalfOfTwentyFail) {
  CircuitBreaker breaker(kSettings);
  for (int i = 0; i < 9; ++i) {
    breaker.record(false, kStart);
    breaker.record(true, kStart);
  }
  breaker.record(true, kStart);
  EXPECT_EQ(breaker.state(kStart), Breaker::closed) << "19 calls";
  breaker.record(false, kStart);
  EXPECT_EQ(breaker.state(kStart), Breaker::open) << "10 of 20";
}

TEST(CircuitBreakers, ForgetWhatIsOlderThanTheWindow) {
  CircuitBreaker breaker(kSettings);
  for (int i = 0; i < 9; ++i) {
    breaker.record(false, kStart);
    breaker.record(true, kStart);
  }
  breaker.record(true, kStart + 61s);
  breaker.record(false, kStart + 61s);
  EXPECT_EQ(breaker.state(kStart + 61s), Breaker::closed);
}

TEST(CircuitBreakers, LetThreeProbesThroughAfterThirtySeconds) {
  auto breaker = opened();
  EXPECT_FALSE(breaker.admit(kStart + 29999ms));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(breaker.admit(kStart + 30s));
  EXPECT_FALSE(breaker.admit(kStart + 30s));
  EXPECT_EQ(breaker.state(kStart + 30s), Breaker::half_open);
}

TEST(CircuitBreakers, AProbeWhoseOutcomeNeverComesFreesItsPlace) {
  auto breaker = opened();
  for (int i = 0; i < 3; ++i) breaker.admit(kStart + 30s);
  EXPECT_FALSE(breaker.admit(kStart + 39s));
  EXPECT_TRUE(breaker.admit(kStart + 40s));
}

TEST(CircuitBreakers, CloseAfterTwoSuccesses) {
  auto breaker = opened();
  breaker.admit(kStart + 30s);
  breaker.record(true, kStart + 31s);
  EXPECT_EQ(breaker.state(kStart + 31s), Breaker::half_open);
  breaker.record(true, kStart + 31s);
  EXPECT_EQ(breaker.state(kStart + 31s), Breaker::closed);
  record(breaker, 4, false, kStart + 32s);
  EXPECT_EQ(breaker.state(kStart + 32s), Breaker::closed) << "it begins anew";
}

TEST(CircuitBreakers, OpenAgainWhenAProbeFails) {
  auto breaker = opened();
  breaker.admit(kStart + 30s);
  breaker.record(true, kStart + 31s);
  breaker.record(false, kStart + 31s);
  EXPECT_EQ(breaker.state(kStart + 31s), Breaker::open);
  EXPECT_FALSE(breaker.admit(kStart + 60s));
  EXPECT_TRUE(breaker.admit(kStart + 61s));
}

TEST(CircuitBreakers, LateOutcomesDoNotTouchAnOpenOne) {
  auto breaker = opened();
  record(breaker, 10, true, kStart + 1s);
  EXPECT_EQ(breaker.state(kStart + 1s), Breaker::open);
}

TEST(BreakerBanks, KeepTenantsAndProvidersApart) {
  BreakerBank bank(kSettings);
  std::vector<std::string> changes;
  bank.on_change([&](const auto& tenant, const auto& provider, Breaker state) {
    changes.push_back(tenant + "/" + provider + " " + std::string(board::name_of(state)));
  });
  for (int i = 0; i < 5; ++i) bank.record("acme", "gpt", false, kStart);
  EXPECT_FALSE(bank.admit("acme", "gpt", kStart));
  EXPECT_TRUE(bank.admit("globex", "gpt", kStart));
  EXPECT_TRUE(bank.admit("acme", "other", kStart));
  EXPECT_EQ(changes, std::vector<std::string>{"acme/gpt open"});
}

TEST(BreakerBanks, ForgetIdleOnesButNeverAnOpenOne) {
  BreakerBank bank(kSettings);
  bank.record("acme", "a", true, kStart);
  for (int i = 0; i < 5; ++i) bank.record("acme", "b", false, kStart);
  bank.forget_idle(kStart + 2min);
  const auto entries = bank.entries(kStart + 2min);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].provider, "b");
}

}  // namespace
}  // namespace router::roles
