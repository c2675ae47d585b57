#include "router/nats/pull_credit.h"

#include <gtest/gtest.h>

namespace router::nats {
namespace {

using namespace std::chrono_literals;
constexpr base::Instant kStart{1s};

TEST(PullCredit, CountsDownAsMessagesCome) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 5, kStart + 5s);
  for (int i = 0; i < 4; ++i) credit.received();
  EXPECT_EQ(credit.outstanding(), 11);
}

TEST(PullCredit, APullThatEndsTakesAlongWhatItLeft) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 5, kStart + 6s);
  for (int i = 0; i < 4; ++i) credit.received();
  EXPECT_TRUE(credit.ended(1, 6));
  EXPECT_EQ(credit.outstanding(), 5);
}

TEST(PullCredit, ARefusedPullBroughtNothing) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 5, kStart + 5s);
  EXPECT_TRUE(credit.ended(2, std::nullopt));
  EXPECT_EQ(credit.outstanding(), 10);
}

TEST(PullCredit, IsZeroWhenNoPullIsOpenHoweverTheCountWentWrong) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  EXPECT_TRUE(credit.ended(1, 3));
  EXPECT_EQ(credit.outstanding(), 0);
  credit.received();
  EXPECT_EQ(credit.outstanding(), 0) << "more than was asked for";
}

TEST(PullCredit, AnUnknownOrRepeatedEndChangesNothing) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 10, kStart + 5s);
  EXPECT_FALSE(credit.ended(7, 10));
  EXPECT_TRUE(credit.ended(1, 10));
  EXPECT_FALSE(credit.ended(1, 10));
  EXPECT_EQ(credit.outstanding(), 10);
}

TEST(PullCredit, APullOfWhichNothingWasHeardIsForgottenInTheEnd) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 4, kStart + 9s);
  credit.forget_those_gone(kStart + 5s);
  EXPECT_FALSE(credit.ended(1, 10));
  credit.forget_those_gone(kStart + 9s);
  EXPECT_EQ(credit.outstanding(), 0);
}

TEST(PullCredit, AnAbsurdLeftoverCannotTakeOtherPullsAway) {
  PullCredit credit;
  credit.sent(1, 10, kStart + 5s);
  credit.sent(2, 10, kStart + 5s);
  EXPECT_TRUE(credit.ended(1, 1000000));
  EXPECT_EQ(credit.outstanding(), 10);
}

}  // namespace
}  // namespace router::nats
