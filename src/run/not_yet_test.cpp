#include "run/not_yet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(NotYetPossible, WhatIsNotAskedForIsNotMissing) { EXPECT_THAT(not_yet_possible({}), IsEmpty()); }

TEST(NotYetPossible, WhatWouldNotBeJudgedIsNamedInsteadOfPassed) {
  experiment::Experiment asked;
  asked.expect.order = experiment::Order::kPerKey;
  EXPECT_THAT(not_yet_possible(asked), ElementsAre(HasSubstr("expect.order")));
  asked.expect = {};
  asked.expect.latency.max = std::chrono::seconds(1);
  EXPECT_THAT(not_yet_possible(asked), ElementsAre(HasSubstr("expect.latency")));
  asked.expect = {};
  asked.expect.lost.by_service = 5;
  EXPECT_THAT(not_yet_possible(asked), ElementsAre(HasSubstr("by their cause")));
}

}  // namespace
}  // namespace squall::run
