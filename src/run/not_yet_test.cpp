#include "run/not_yet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

experiment::Plan plan_with(fault::Action action, fault::Trigger trigger) {
  fault::Step step{.fault = {.name = "f", .action = std::move(action)}, .trigger = std::move(trigger)};
  return {.seed = 1, .trials = {{.number = 1, .steps = {std::move(step)}}}};
}

const fault::Kill kKill{.target = "orders"};

TEST(NotYetPossible, KillsAtATimeArePossible) {
  EXPECT_THAT(not_yet_possible({}, plan_with(kKill, fault::AtTime{})), IsEmpty());
}

TEST(NotYetPossible, FaultsOfLinksAndMomentsArePossible) {
  EXPECT_THAT(not_yet_possible({}, plan_with(kKill, fault::AtMoment{.link = "orders"})), IsEmpty());
  EXPECT_THAT(not_yet_possible({}, plan_with(fault::OnLink{.target = "orders"}, fault::AtTime{})), IsEmpty());
}

TEST(NotYetPossible, WhatWouldNotBeJudgedIsNamedInsteadOfPassed) {
  experiment::Experiment asked;
  asked.expect.order = experiment::Order::kPerKey;
  EXPECT_THAT(not_yet_possible(asked, {}), ElementsAre(HasSubstr("expect.order")));
  asked.expect = {};
  asked.expect.latency.max = std::chrono::seconds(1);
  EXPECT_THAT(not_yet_possible(asked, {}), ElementsAre(HasSubstr("expect.latency")));
  asked.expect = {};
  asked.expect.lost.by_service = 5;
  EXPECT_THAT(not_yet_possible(asked, {}), ElementsAre(HasSubstr("by their cause")));
}

}  // namespace
}  // namespace squall::run
