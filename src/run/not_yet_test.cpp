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

TEST(NotYetPossible, AProtocolMomentIsNamed) {
  EXPECT_THAT(not_yet_possible({}, plan_with(kKill, fault::AtMoment{.link = "orders"})),
              ElementsAre(HasSubstr("before_ack")));
}

TEST(NotYetPossible, WhatWouldNotBeWatchedIsNamedInsteadOfPassed) {
  experiment::Experiment asked;
  asked.abort.push_back({.probe = "p"});
  EXPECT_THAT(not_yet_possible(asked, {}), ElementsAre(HasSubstr("abort")));
}

TEST(NotYetPossible, AnAttachedProcessIsFoundByItsPidFileOnly) {
  experiment::Experiment asked;
  asked.processes.push_back({.name = "svc", .how = experiment::AttachedProcess{.unit = "svc.service"}});
  EXPECT_THAT(not_yet_possible(asked, {}), ElementsAre(HasSubstr("pid_file only (svc)")));
  asked.processes.front().how = experiment::AttachedProcess{.pid_file = "/run/svc.pid"};
  EXPECT_THAT(not_yet_possible(asked, {}), IsEmpty());
}

}  // namespace
}  // namespace squall::run
