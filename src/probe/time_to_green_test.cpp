#include "probe/time_to_green.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::probe {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Made-up instants: milliseconds after the effect.
base::Instant at(int milliseconds) { return base::Instant{1000s} + std::chrono::milliseconds{milliseconds}; }

class TimeToGreenTest : public ::testing::Test {
 protected:
  TimeToGreen one{{.required = {"a"}, .effect_at = at(0)}};
  TimeToGreen two{{.required = {"a", "b"}, .effect_at = at(0)}};

  static void ask(TimeToGreen& ttg, std::string_view probe, int asked, Answer answer, int took = 1,
                  std::string reason = "") {
    ttg.observe(probe, {.answer = answer,
                        .reason = std::move(reason),
                        .asked_at = at(asked),
                        .answered_at = at(asked + took)});
  }
  // One answer every 10 ms in [from, to].
  static void keep(TimeToGreen& ttg, std::string_view probe, int from, int to, Answer answer) {
    for (int t = from; t <= to; t += 10) ask(ttg, probe, t, answer);
  }
};

TEST_F(TimeToGreenTest, IsTheFirstInstantOfTheSpanNotItsEnd) {
  keep(one, "a", 0, 790, Answer::kRed);
  keep(one, "a", 800, 1300, Answer::kGreen);
  EXPECT_EQ(one.green_at(), std::nullopt) << "confirmed until 1300, the span began at 801";
  ask(one, "a", 1301, Answer::kGreen);
  EXPECT_EQ(one.time_to_green(), 801ms);
  EXPECT_EQ(one.first_not_green_at(), at(1));
  EXPECT_THAT(one.waiting_for(), IsEmpty());
}

TEST_F(TimeToGreenTest, FlappingBeginsTheSpanAnew) {
  keep(one, "a", 0, 400, Answer::kGreen);
  ask(one, "a", 410, Answer::kRed);
  keep(one, "a", 420, 900, Answer::kGreen);
  ask(one, "a", 910, Answer::kUnknown);
  keep(one, "a", 920, 1430, Answer::kGreen);
  EXPECT_EQ(one.time_to_green(), 921ms);
}

// Acks that are held back stop nothing until as many messages as the consumer may have are unacknowledged.
TEST_F(TimeToGreenTest, AFaultThatBitesLateIsNotOverBeforeItBites) {
  one.while_disturbed(true);
  keep(one, "a", 0, 1000, Answer::kGreen);
  EXPECT_EQ(one.time_to_green(), 1ms);
  keep(one, "a", 1010, 4000, Answer::kRed);
  EXPECT_EQ(one.time_to_green(), std::nullopt);
  one.while_disturbed(false);
  keep(one, "a", 4010, 4600, Answer::kGreen);
  EXPECT_EQ(one.time_to_green(), 4011ms);
  ask(one, "a", 4610, Answer::kRed);
  EXPECT_EQ(one.time_to_green(), 4011ms) << "what comes after it is another matter";
}

TEST_F(TimeToGreenTest, NeverGreenIsCensoredAndSaysWhatItWaitsFor) {
  keep(one, "a", 0, 30'000, Answer::kRed);
  ask(one, "a", 30'010, Answer::kRed, 1, "HTTP 503");
  EXPECT_EQ(one.time_to_green(), std::nullopt);
  EXPECT_THAT(one.waiting_for(), ElementsAre("a: HTTP 503"));
}

TEST_F(TimeToGreenTest, NotAskedIsNeverGreen) {
  EXPECT_EQ(one.time_to_green(), std::nullopt);
  EXPECT_THAT(one.waiting_for(), ElementsAre("a: not asked yet"));
}

TEST_F(TimeToGreenTest, GreenBeforeTheEffectDoesNotCount) {
  keep(one, "a", -1000, -10, Answer::kGreen);
  // Asked before the effect, answered long after it.
  ask(one, "a", -5, Answer::kGreen, 900);
  EXPECT_EQ(one.time_to_green(), std::nullopt);
  EXPECT_THAT(one.waiting_for(), ElementsAre("a: not asked yet"));
}

TEST_F(TimeToGreenTest, ASystemThatNeverTurnedRedIsGreenFromTheFirstAnswerAndNobodyNoticedTheFault) {
  keep(one, "a", -100, 600, Answer::kGreen);
  EXPECT_EQ(one.time_to_green(), 1ms);
  EXPECT_EQ(one.first_not_green_at(), std::nullopt);
}

TEST_F(TimeToGreenTest, AFrozenSystemThatAnswersNothingDoesNotLookGreen) {
  keep(one, "a", -100, 10, Answer::kGreen);
  // The next question hangs for 10 s: the silence confirms nothing.
  ask(one, "a", 20, Answer::kRed, 10'000);
  EXPECT_EQ(one.time_to_green(), std::nullopt);
  // Even a green answer that comes late holds only for the instant at which it was asked.
  TimeToGreen late{{.required = {"a"}, .effect_at = at(0)}};
  ask(late, "a", 10, Answer::kGreen);
  ask(late, "a", 20, Answer::kGreen, 5'000);
  EXPECT_EQ(late.time_to_green(), std::nullopt);
}

TEST_F(TimeToGreenTest, TheSpanBeginsWithTheLastProbeToTurnGreen) {
  keep(two, "b", 0, 290, Answer::kRed);
  keep(two, "a", 0, 900, Answer::kGreen);
  keep(two, "b", 300, 810, Answer::kGreen);
  EXPECT_EQ(two.time_to_green(), 301ms);
}

TEST_F(TimeToGreenTest, EveryProbeMustConfirmTheWholeHold) {
  keep(two, "a", 0, 2000, Answer::kGreen);
  keep(two, "b", 0, 400, Answer::kGreen);
  EXPECT_EQ(two.time_to_green(), std::nullopt);
  ask(two, "b", 501, Answer::kGreen);
  EXPECT_EQ(two.time_to_green(), 1ms);
}

TEST_F(TimeToGreenTest, GreenSpansThatDoNotOverlapAreNotOperational) {
  for (int t = 0; t < 10'000; t += 1000) {
    keep(two, "a", t, t + 600, Answer::kGreen);
    ask(two, "b", t + 300, Answer::kRed);
    ask(two, "a", t + 610, Answer::kRed);
    keep(two, "b", t + 620, t + 990, Answer::kGreen);
  }
  EXPECT_EQ(two.time_to_green(), std::nullopt);
}

TEST_F(TimeToGreenTest, OtherProbesAndWhatComesAfterwardsChangeNothing) {
  keep(one, "other", 0, 1000, Answer::kRed);
  keep(one, "a", 0, 600, Answer::kGreen);
  keep(one, "a", 610, 700, Answer::kRed);
  EXPECT_EQ(one.time_to_green(), 1ms);
  EXPECT_EQ(one.first_not_green_at(), std::nullopt);
}

TEST_F(TimeToGreenTest, AHoldOfZeroIsTheFirstGreenAnswer) {
  TimeToGreen now{{.required = {"a"}, .effect_at = at(0), .hold = 0ms}};
  ask(now, "a", 5, Answer::kRed);
  ask(now, "a", 10, Answer::kGreen, 0);
  EXPECT_EQ(now.time_to_green(), 10ms);
}

}  // namespace
}  // namespace squall::probe
