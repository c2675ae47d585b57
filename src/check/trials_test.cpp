#include "check/trials.h"

#include <gtest/gtest.h>

#include <vector>

namespace squall::check {
namespace {

using base::Nanos;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Values = std::vector<std::optional<Nanos>>;

// 1 s, 2 s, … n s, backwards.
Values seconds_up_to(int n) {
  Values values;
  for (int i = n; i > 0; --i) values.emplace_back(seconds{i});
  return values;
}

TEST(Trials, BelowFiftyNineThereIsNoP95ButAWorst) {
  const ClockSummary summary = summarize(seconds_up_to(10));
  EXPECT_EQ(summary.median, milliseconds{5'500});
  EXPECT_EQ(summary.worst, seconds{10});
  EXPECT_EQ(summary.p95, std::nullopt);
  EXPECT_EQ(summary.judged, seconds{10});
  EXPECT_EQ(describe(summary), "p50 5.50 s, worst of 10: 10.00 s");
  EXPECT_EQ(judged_label(summary), "worst of 10");
  EXPECT_EQ(summarize(seconds_up_to(58)).p95, std::nullopt);
}

TEST(Trials, FromFiftyNineOnTheP95IsJudgedByItsConfidentBound) {
  EXPECT_EQ(summarize(seconds_up_to(59)).p95, seconds{57});
  EXPECT_EQ(summarize(seconds_up_to(59)).judged, seconds{59});
  // The published sample sizes for a one-sided 95 % / 95 % tolerance limit: 59, 93, 124, 153, 181.
  EXPECT_EQ(summarize(seconds_up_to(92)).judged, seconds{92});
  EXPECT_EQ(summarize(seconds_up_to(93)).judged, seconds{92});
  EXPECT_EQ(summarize(seconds_up_to(123)).judged, seconds{122});
  EXPECT_EQ(summarize(seconds_up_to(124)).judged, seconds{122});
  EXPECT_EQ(describe(summarize(seconds_up_to(60))),
            "p50 30.50 s, p95 57.00 s (at 95 % confidence at most 60.00 s), worst of 60: 60.00 s");
}

TEST(Trials, ACensoredTrialIsWorseThanAnyValueAndNeverANumber) {
  Values values = seconds_up_to(9);
  values.emplace_back(std::nullopt);
  const ClockSummary summary = summarize(values);
  EXPECT_EQ(summary.never, 1U);
  EXPECT_EQ(summary.worst, std::nullopt);
  EXPECT_EQ(summary.judged, std::nullopt);
  EXPECT_EQ(summary.median, milliseconds{5'500});
  EXPECT_EQ(describe(summary), "p50 5.50 s, never in 1 of 10 trials");
}

TEST(Trials, WhereHalfNeverCameBackTheMedianIsNever) {
  EXPECT_EQ(summarize(Values{seconds{1}, std::nullopt}).median, std::nullopt);
  EXPECT_EQ(describe(summarize(Values{std::nullopt, std::nullopt})), "never in 2 of 2 trials");
  EXPECT_EQ(describe(summarize(Values{})), "no trials");
}

TEST(Trials, AClockIsJudgedAgainstItsLimit) {
  EXPECT_EQ(check_clock("caught up", summarize(seconds_up_to(10)), seconds{10}).kind, VerdictKind::pass);
  const Verdict slow = check_clock("caught up", summarize(seconds_up_to(10)), seconds{9});
  EXPECT_EQ(slow.kind, VerdictKind::fail);
  EXPECT_EQ(slow.reasons[0], "caught up: worst of 10 is 10.00 s, want 9.00 s");
  const Verdict never = check_clock("caught up", summarize(Values{seconds{1}, std::nullopt}), seconds{9});
  EXPECT_EQ(never.kind, VerdictKind::fail);
  EXPECT_EQ(never.reasons[0], "caught up: never in 1 of 2 trials, want 9.00 s");
  EXPECT_EQ(check_clock("caught up", summarize(Values{}), seconds{9}).kind, VerdictKind::inconclusive);
}

TEST(Trials, SayWhatTheyCanClaimAndNoMore) {
  EXPECT_NEAR(failure_rate_bound(10), 0.2589, 0.0001);
  EXPECT_NEAR(failure_rate_bound(59), 0.0495, 0.0001);
  EXPECT_NEAR(failure_rate_bound(1000), 3.0 / 1000, 0.0001);
  EXPECT_EQ(failure_rate_bound(0), 1);
  EXPECT_EQ(how_sure(10),
            "10 trials: p95 is the worst of 10; at 95 % confidence up to 26 % of such faults may be slower, "
            "or lose. "
            "59 trials: 5 %.");
  EXPECT_EQ(how_sure(59), "59 trials: at 95 % confidence up to 5 % of such faults may be slower, or lose.");
}

}  // namespace
}  // namespace squall::check
