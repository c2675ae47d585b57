// A trial of two faults, a second apart: its clocks are those of the worse one.
#include "run/trial_recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/honest_ledger.h"

namespace squall::run {
namespace {

using namespace check::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// An input every 10 ms until 40 s, done 5 ms after its acknowledgement; but `late` is done at 25 s, and
// `lost` never.
ledger::Ledger two_kills(std::optional<ledger::OpId> late, std::optional<ledger::OpId> lost) {
  Records records;
  for (ledger::OpId id = 0; id < 4'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    if (id == lost) continue;
    const auto done = id == late ? 25'000 : t + 6;
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(done)});
  }
  return fold(records);
}

std::vector<Struck> struck_twice() {
  Struck first{.fault = "kill-1", .what = "SIGKILL to orders"};
  first.effect_at = at_ms(10'000);
  first.healed_at = at_ms(10'100);
  Struck second = first;
  second.fault = "kill-2";
  second.effect_at = at_ms(20'000);
  second.healed_at = at_ms(20'050);
  const Struck without_effect{.fault = "kill-3"};
  return {second, first, without_effect};
}

report::TrialReport told(const ledger::Ledger& ledger, const experiment::Experiment& experiment = {}) {
  report::TrialReport report{.fault = "two kills", .victim = report::Victim::process};
  report.took_effect_at = at_ms(10'000) - at_ms(0);
  auto faults = faults_on_record(struck_twice(), at_ms(5'000), at_ms(40'000));
  EXPECT_EQ(faults.size(), 2U);
  faults[0].operational_after = milliseconds{20};
  faults[1].operational_after = milliseconds{200};
  (void)fill_recovery(report, ledger, faults, experiment);
  return report;
}

// Struck at 10 s, over at 10.1 s. What was sent just before comes again at 12 s and is done then; what was
// sent just after the fault was over went to the same dead connection, and is done 200 µs later.
TEST(TrialRecovery, WhatCameAgainTogetherWithTheStruckWorkIsDisturbedToo) {
  Records records;
  for (ledger::OpId id = 0; id < 4'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    base::Instant done = at_ms(t + 6);
    if (id == 1'000) done = at_ms(12'000);
    if (id == 1'012) done = at_us(12'000'200);
    records.push_back(Effect{kAssignment, key_of(id), id + 1, done});
    records.push_back(Effect{kUsage, key_of(id), id + 1, done});
  }
  const check::FaultWindow window{at_ms(5'000), at_ms(10'000), at_ms(10'100), at_ms(30'000)};
  const check::Disturbance disturbance = disturbance_of(window, fold(records), experiment::Experiment{});
  EXPECT_EQ(disturbance.from, at_ms(10'000));
  ASSERT_TRUE(disturbance.until);
  EXPECT_GE(*disturbance.until, at_us(12'000'200));
  EXPECT_LT(*disturbance.until, at_ms(12'100));
}

TEST(TrialRecovery, AFastLoadWhoseTimesAreForgottenIsNotMeasuredRatherThanNeverBack) {
  ledger::Ledger ledger({.stages = {"assignment", "usage"}, .key_prefix = "p-", .anchor = {}},
                        {.keep_times = 1'000});
  for (ledger::OpId id = 0; id < 10'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    ledger.add(Attempt{id, key_of(id), at_ms(t)});
    ledger.add(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    ledger.add(Effect{kAssignment, key_of(id), id + 1, at_ms(t + 5)});
    ledger.add(Effect{kUsage, key_of(id), id + 1, at_ms(t + 6)});
  }
  const report::TrialReport report = told(ledger);
  EXPECT_THAT(report.not_measured, HasSubstr("only the times of inputs from"));
  EXPECT_TRUE(report.faults.empty());
  EXPECT_THAT(report::make_summary(report), HasSubstr("could not be measured"));
  EXPECT_EQ(report::make_summary(report).find("never"), std::string::npos);
}

// An input every 10 ms, done `later` (ms) after it was sent, one every `each` ms.
ledger::Ledger behind(std::int64_t later, std::int64_t each) {
  Records records;
  for (ledger::OpId id = 0; id < 4'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    const auto done = later + static_cast<std::int64_t>(id) * each;
    if (done > 40'000) continue;
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(done)});
  }
  return fold(records);
}

TEST(TrialRecovery, AServiceThatIsBehindItsLoadIsToldFromOneThatLostSomething) {
  EXPECT_EQ(why_behind(behind(6, 10), at_ms(40'000)), "")
      << "as quick as the load, whatever it may have lost";
  EXPECT_THAT(why_behind(behind(5'000, 10), at_ms(40'000)),
              AllOf(HasSubstr("in the last 2.00 s it did 20"), HasSubstr("sent 5.00 s before, while 20"),
                    HasSubstr("hardly any room to catch up (workload.rate)")));
  // It was down for 36 s, and does five inputs while one is sent.
  EXPECT_THAT(why_behind(behind(36'000, 2), at_ms(40'000)),
              HasSubstr("it was catching up (trials.recover_within)"));
  EXPECT_EQ(why_behind(behind(60'000, 10), at_ms(40'000)), "") << "it stands still";
}

TEST(TrialRecovery, EachFaultHasClocksOfItsOwn) {
  const report::TrialReport report = told(two_kills({}, {}));
  ASSERT_EQ(report.faults.size(), 2U);
  EXPECT_EQ(report.faults[0].after, seconds{0});
  EXPECT_EQ(report.faults[1].after, seconds{10});
  EXPECT_EQ(report.faults[0].caught_up, milliseconds{106});
  EXPECT_EQ(report.faults[1].caught_up, milliseconds{56});
  EXPECT_EQ(report.phases.server_back, milliseconds{100});
  EXPECT_EQ(report.phases.caught_up, milliseconds{106});
  EXPECT_EQ(report.faults[0].green, milliseconds{106});
  EXPECT_EQ(report.time_to_green, milliseconds{200});
  EXPECT_THAT(make_summary(report), HasSubstr("the worst of 2 faults: process back"));
}

// Once a trial with a permitted loss ended at its first output, and was "never" caught up.
TEST(TrialRecovery, WhereSomeMayBeLostTheOthersAreWaitedForIfTheirClockIsJudged) {
  experiment::Experiment permits;
  permits.expect.lost.by_service = 1;
  permits.expect.caught_up.max = seconds{30};
  const ledger::Ledger late_one = two_kills(1'999, {});
  auto faults = faults_on_record(struck_twice(), at_ms(5'000), at_ms(21'000));
  EXPECT_FALSE(is_back_from_all(late_one, faults, permits)) << "one comes at 25 s";
  faults = faults_on_record(struck_twice(), at_ms(5'000), at_ms(40'000));
  EXPECT_TRUE(is_back_from_all(late_one, faults, permits));
  // The one that never comes is left out in the end.
  const report::TrialReport report = told(two_kills({}, 999), permits);
  EXPECT_EQ(report.phases.caught_up, milliseconds{106});
  EXPECT_EQ(report.time_to_green, milliseconds{200});
  EXPECT_EQ(told(two_kills({}, 999)).phases.caught_up, std::nullopt);
  permits.expect.caught_up = {};
  EXPECT_TRUE(is_back_from_all(two_kills({}, 999), faults, permits)) << "nobody asked for it";
}

TEST(TrialRecovery, WhatTheSecondFaultDelaysIsItsOwn) {
  const report::TrialReport report = told(two_kills(1'999, {}));
  EXPECT_EQ(report.faults[0].caught_up, milliseconds{106});
  EXPECT_EQ(report.faults[1].caught_up, seconds{5});
  EXPECT_EQ(report.faults[1].hits, 2U);
  EXPECT_EQ(report.phases.caught_up, seconds{5});
  EXPECT_EQ(report.time_to_green, seconds{5});
}

TEST(TrialRecovery, WhatTheSecondFaultLosesIsNeverCaughtUp) {
  const report::TrialReport report = told(two_kills({}, 1'999));
  EXPECT_EQ(report.faults[0].caught_up, milliseconds{106});
  EXPECT_EQ(report.phases.caught_up, std::nullopt);
  EXPECT_EQ(report.time_to_green, std::nullopt);
  EXPECT_THAT(make_summary(report), HasSubstr("caught up never"));
  const auto faults = faults_on_record(struck_twice(), at_ms(5'000), at_ms(40'000));
  EXPECT_FALSE(is_back_from_all(two_kills({}, 1'999), faults, {}));
  EXPECT_TRUE(is_back_from_all(two_kills({}, {}), faults, {}));
}

TEST(TrialRecovery, WhatWasNeverOperationalIsNotGreenHoweverItsWorkWent) {
  auto faults = faults_on_record(struck_twice(), at_ms(5'000), at_ms(40'000));
  faults[0].operational_after = milliseconds{20};
  report::TrialReport report{.fault = "two kills"};
  (void)fill_recovery(report, two_kills({}, {}), faults, {});
  EXPECT_EQ(report.phases.caught_up, milliseconds{106});
  EXPECT_EQ(report.time_to_green, std::nullopt);
}

}  // namespace
}  // namespace squall::run
