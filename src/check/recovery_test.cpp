#include "check/recovery.h"

#include <gtest/gtest.h>

#include "check/honest_ledger.h"
#include "check/unavailability.h"

namespace squall::check {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Faults at 10 s; healed at 12 s; watched until 60 s.
const FaultWindow kWindow{at_ms(0), at_ms(10'000), at_ms(12'000), at_ms(60'000)};

// An input every 10 ms from 0 until 20 s, each done 5 ms after its acknowledgement; nothing is accepted
// during the outage, and what the fault struck is done `stranded` after it.
Records load_with_outage(std::optional<milliseconds> stranded) {
  Records records;
  std::uint64_t seq = 0;
  for (OpId id = 0; id < 2'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    if (t > 10'000 && t < 12'000) {
      records.push_back(Outcome{id, Failed{"not connected"}, at_ms(t)});
      continue;
    }
    records.push_back(Outcome{id, Acknowledged{++seq}, at_ms(t + 1)});
    const bool struck = t == 9'990;
    if (struck && !stranded) continue;
    const auto done = struck ? 10'000 + stranded->count() : t + 6;
    records.push_back(Effect{kAssignment, key_of(id), seq, at_ms(done - 2)});
    records.push_back(Effect{kUsage, key_of(id), seq, at_ms(done)});
  }
  return records;
}

TEST(Recovery, TheTwoClocksDifferWhenStruckWorkWaitsForItsRedelivery) {
  const Recovery recovery = measure_recovery(fold(load_with_outage(milliseconds{30'010})), kWindow);
  EXPECT_EQ(recovery.first_output, milliseconds{2'006});
  EXPECT_EQ(recovery.first_effect_after_heal, milliseconds{4});
  EXPECT_EQ(recovery.struck_work_done, milliseconds{30'010});
  EXPECT_EQ(recovery.caught_up, milliseconds{30'010});
  EXPECT_EQ(recovery.never_finished, 0U);
  EXPECT_EQ(recovery.observed_for, seconds{50});
  EXPECT_EQ(recovery.censored_because, "");
  EXPECT_NEAR(recovery.normal_rate, 100, 2);
}

TEST(Recovery, CaughtUpIsNeverBeforeNewWorkFlows) {
  const Recovery recovery = measure_recovery(fold(load_with_outage(milliseconds{1})), kWindow);
  EXPECT_EQ(recovery.struck_work_done, milliseconds{2'006});  // that of the last one sent before it was over
  EXPECT_EQ(recovery.caught_up, recovery.first_output);
}

TEST(Recovery, StruckWorkThatIsNeverDoneCensorsTheSecondClockOnly) {
  const Recovery recovery = measure_recovery(fold(load_with_outage({})), kWindow);
  EXPECT_EQ(recovery.first_output, milliseconds{2'006});
  EXPECT_EQ(recovery.caught_up, std::nullopt);
  EXPECT_EQ(recovery.never_finished, 1U);
  EXPECT_EQ(recovery.struck_work_done, milliseconds{2'006});
  EXPECT_EQ(recovery.censored_because,
            "1 of 1002 accepted inputs of before the fault was over were never finished");
}

TEST(Recovery, WhatHappensAfterTheWatchedSpanDoesNotCount) {
  FaultWindow short_window = kWindow;
  short_window.observed_until = at_ms(11'000);
  short_window.healed_at.reset();
  const Recovery recovery = measure_recovery(fold(load_with_outage(milliseconds{3'000})), short_window);
  EXPECT_EQ(recovery.first_output, std::nullopt);
  EXPECT_EQ(recovery.first_effect_after_heal, std::nullopt);
  EXPECT_EQ(recovery.caught_up, std::nullopt);
  EXPECT_EQ(recovery.never_finished, 1U);  // by then; it was finished at 13 s
  EXPECT_EQ(recovery.struck_work_done, milliseconds{6});
  EXPECT_EQ(recovery.censored_because, "no input attempted after the fault was ever finished");
}

TEST(Recovery, WithoutLoadAfterTheFaultNothingCanBeSaid) {
  const Recovery recovery =
      measure_recovery(fold({Attempt{0, "p-0", at_ms(9'000)}, Outcome{0, Acknowledged{1}, at_ms(9'001)},
                             Effect{kUsage, "p-0", 1, at_ms(9'002)}}),
                       kWindow);
  EXPECT_EQ(recovery.caught_up, std::nullopt);
  EXPECT_EQ(recovery.censored_because, "no input was attempted after the fault");
}

// The service is dead for 2 s while the broker goes on accepting; then it works at twice the rate.
TEST(Recovery, TheBacklogOfTheOutageMustBeGone) {
  Records records;
  for (OpId id = 0; id < 3'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    auto done = t + 6;
    if (t >= 10'000 && t < 14'000) done = 12'000 + (t - 10'000) / 2 + 6;
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(done)});
  }
  const Recovery recovery = measure_recovery(fold(records), kWindow);
  EXPECT_EQ(recovery.normal_backlog, 1U);
  EXPECT_NEAR(static_cast<double>(recovery.peak_backlog), 200, 3);
  EXPECT_NEAR(base::to_ms(recovery.first_output.value()), 2'011, 10);
  EXPECT_NEAR(base::to_ms(recovery.caught_up.value()), 4'000, 30);
}

// An input every 10 ms whose effect takes 3 s, and a fault that nothing waits for: the backlog is 300 inputs
// all the time. Counted from the trial's start on alone it was less, and never came back to that.
TEST(Recovery, EffectsThatTakeLongerThanTheBaselineAreNoBacklog) {
  Records records;
  std::uint64_t seq = 0;
  for (OpId id = 0; id < 3'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{++seq}, at_ms(t + 1)});
    records.push_back(Effect{kAssignment, key_of(id), seq, at_ms(t + 2'999)});
    records.push_back(Effect{kUsage, key_of(id), seq, at_ms(t + 3'000)});
  }
  FaultWindow window = kWindow;
  window.observed_from = at_ms(9'000);
  window.works_from = base::Instant::min();
  window.observed_until = at_ms(20'000);
  const Recovery recovery = measure_recovery(fold(std::move(records)), window);
  EXPECT_NEAR(static_cast<double>(recovery.normal_backlog), 300, 2);
  EXPECT_EQ(recovery.caught_up, milliseconds{5'000});
}

TEST(Recovery, WhatAnEarlierTrialLostDoesNotCensorThisOne) {
  FaultWindow later = kWindow;
  later.observed_from = at_ms(5'000);
  Records records = load_with_outage(milliseconds{2'500});
  erase_effects(records, [](const Effect& effect) { return effect.key == "p-100"; });
  EXPECT_EQ(measure_recovery(fold(records), kWindow).caught_up, std::nullopt);
  EXPECT_EQ(measure_recovery(fold(records), later).caught_up, milliseconds{2'500});
}

// A restart loop, a link that swallows acks for seconds: what goes wrong after its first instant is its
// doing, even where one lost input is no more backlog than usual.
TEST(Recovery, WhatAFaultLosesWhileItLastsIsOwedAsWell) {
  Records records;
  for (OpId id = 0; id < 3'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    if (t == 11'000) continue;
    const auto done = t == 11'500 ? 15'000 : t + 6;
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(done)});
  }
  const Recovery recovery = measure_recovery(fold(records), kWindow);
  EXPECT_EQ(recovery.caught_up, std::nullopt);
  EXPECT_EQ(recovery.never_finished, 1U);
  records.push_back(Effect{kAssignment, key_of(1'100), 1'101, at_ms(13'000)});
  records.push_back(Effect{kUsage, key_of(1'100), 1'101, at_ms(13'000)});
  EXPECT_EQ(measure_recovery(fold(records), kWindow).caught_up, seconds{5});
}

// The second fault of a trial finds a backlog that the first one left: it is not what is normal.
TEST(Recovery, WhatIsNormalIsMeasuredBeforeAnyFaultOfTheTrial) {
  Records records;
  for (OpId id = 0; id < 3'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    const auto done = t >= 10'000 && t < 12'000 ? 14'000 : t + 6;
    records.push_back(Attempt{id, key_of(id), at_ms(t)});
    records.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(done)});
  }
  FaultWindow second{at_ms(0), at_ms(11'995), at_ms(11'996), at_ms(60'000)};
  EXPECT_GT(measure_recovery(fold(records), second).normal_backlog, 90U);
  second.disturbed_from = at_ms(10'000);
  EXPECT_EQ(measure_recovery(fold(records), second).normal_backlog, 1U);
}

TEST(Recovery, OfSeveralFaultsIsTheWorstOfEachClock) {
  const Recovery quick{.first_output = milliseconds{20}, .caught_up = milliseconds{400}};
  const Recovery slow{.first_output = milliseconds{30}, .caught_up = milliseconds{300}, .never_finished = 0};
  const Recovery lost{.first_output = milliseconds{10}, .never_finished = 1, .censored_because = "1 of 9"};
  const std::vector<Recovery> well{quick, slow};
  EXPECT_EQ(worst_of(well).first_output, milliseconds{30});
  EXPECT_EQ(worst_of(well).caught_up, milliseconds{400});
  for (const std::vector<Recovery>& one_lost : {std::vector{quick, lost}, std::vector{lost, quick}}) {
    EXPECT_EQ(worst_of(one_lost).first_output, milliseconds{20});
    EXPECT_EQ(worst_of(one_lost).caught_up, std::nullopt);
    EXPECT_EQ(worst_of(one_lost).never_finished, 1U);
    EXPECT_EQ(worst_of(one_lost).censored_because, "1 of 9");
  }
}

TEST(CaughtUpBound, AddsTheFloorOfTheConfigurationAndTheBacklogAtTheKnownRate) {
  EXPECT_EQ(caught_up_bound({.down_time = seconds{2},
                             .ack_wait = seconds{1},
                             .backlog = 1'000,
                             .rate = 500,
                             .slack = milliseconds{250}}),
            milliseconds{5'250});
  EXPECT_EQ(caught_up_bound({.ack_wait = seconds{1}}), seconds{1});
  EXPECT_EQ(caught_up_bound({.ack_wait = seconds{1}, .backlog = 1}), std::nullopt);
}

TEST(Unavailability, IsTheSpanOfOutcomesThatWereNotOk) {
  const Unavailability result = measure_unavailability(fold(load_with_outage(milliseconds{1})), kWindow);
  EXPECT_EQ(result.failed, 199U);
  EXPECT_EQ(result.unknown, 0U);
  EXPECT_EQ(result.first, at_ms(10'010));
  EXPECT_EQ(result.last, at_ms(11'990));
  // The load ends at 20 s, and nothing is acknowledged until 60 s.
  EXPECT_EQ(result.longest_silence, milliseconds{40'009});
  FaultWindow until_load_ends = kWindow;
  until_load_ends.observed_until = at_ms(20'000);
  EXPECT_EQ(measure_unavailability(fold(load_with_outage(milliseconds{1})), until_load_ends).longest_silence,
            milliseconds{2'000});
}

}  // namespace
}  // namespace squall::check
