#include "experiment/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiment/parse.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

Experiment experiment(const std::string& faults, const std::string& more = "") {
  const Parsed parsed = parse_experiment(
      "squall: 1\nname: x\nnats: {start: 3}\n"
      "processes:\n  orders: {command: [./svc], replicas: 3}\n  side: {pid_file: /run/side.pid, at_most: 4}\n"
      "workload: {publish: in, payload: {text: '${id}'}, effect: {subject: out, match: {header: Id}}}\n"
      "expect: {lost: 0}\n" +
          more + "faults:\n" + faults,
      "x.yaml", {});
  EXPECT_EQ(to_text(parsed.mistakes), "");
  return parsed.experiment;
}

Plan plan(const Experiment& experiment, const PlanOptions& options = {}) {
  const Planned planned = plan_experiment(experiment, options);
  EXPECT_EQ(to_text(planned.mistakes), "");
  return planned.plan;
}

std::string refusal(const Experiment& experiment) { return to_text(plan_experiment(experiment).mistakes); }

TEST(Plan, TheSameSeedGivesTheSamePlanAnotherDiffersAndALongerOneBeginsWithTheShorter) {
  const Experiment random = experiment("- {kill: orders, when: random, for: [0s, 2s, 5s]}\n");
  EXPECT_EQ(plan(random), plan(random));
  EXPECT_NE(plan(random, {.seed = 2}).trials, plan(random, {.seed = 3}).trials);
  const auto longer = plan(random, {.trials = 59}).trials;
  ASSERT_EQ(longer.size(), 59U);
  EXPECT_EQ(std::vector(longer.begin(), longer.begin() + 10), plan(random).trials);
}

TEST(Plan, RandomTimesStayInTheirSpan) {
  const Experiment random =
      experiment("- {kill: orders, when: random}\n", "trials: {count: 500, faults_within: 2s}\n");
  std::set<base::Nanos> times;
  for (const auto& trial : plan(random).trials)
    times.insert(std::get<fault::AtTime>(trial.steps.at(0).trigger).at);
  EXPECT_GT(times.size(), 490U);
  EXPECT_GE(*times.begin(), 0s);
  EXPECT_LT(*times.rbegin(), 2s);
}

TEST(Plan, AListOfTimesIsUsedUpBeforeAnyComesAgain) {
  const auto trials = plan(experiment("- {kill: nats-1, for: [0s, 2s, 5s]}\n", "trials: 9\n")).trials;
  for (std::size_t round = 0; round < 9; round += 3) {
    std::vector<base::Nanos> times;
    for (std::size_t i = round; i < round + 3; ++i)
      times.push_back(*fault::active_time(trials[i].steps[0].fault.action));
    EXPECT_THAT(times, UnorderedElementsAre(0s, 2s, 5s));
  }
}

TEST(Plan, RepeatsFollowEachOtherAtTheirDistance) {
  const auto steps =
      plan(experiment("- {freeze: nats-1, when: 1s, for: 500ms, every: 2s, repeat: 3}\n")).trials[0].steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(std::get<fault::AtTime>(steps[2].trigger).at, 5s);
  EXPECT_EQ(steps[2].fault.name, "freeze-nats-1#3");
  EXPECT_EQ(last_heal(steps), 5500ms);
}

TEST(Plan, MembersOfAGroupStrikeTogether) {
  for (const auto& trial :
       plan(experiment("- together: [{kill: nats-1}, {kill: nats-2}, {kill: orders}]\n  when: random\n"))
           .trials) {
    ASSERT_EQ(trial.steps.size(), 3U);
    EXPECT_EQ(trial.steps[0].trigger, trial.steps[1].trigger);
    EXPECT_EQ(trial.steps[0].trigger, trial.steps[2].trigger);
  }
}

TEST(Plan, TheSeedChoosesWhichReplicasAreStruck) {
  std::set<std::vector<int>> chosen;
  for (const auto& trial : plan(experiment("- {kill: orders, strike: 2}\n", "trials: 60\n")).trials) {
    EXPECT_EQ(trial.steps[0].replicas.size(), 2U);
    chosen.insert(trial.steps[0].replicas);
  }
  EXPECT_EQ(chosen, (std::set<std::vector<int>>{{0, 1}, {0, 2}, {1, 2}}));
}

TEST(Plan, ATargetIsNotStruckWhileItIsStruck) {
  EXPECT_THAT(refusal(experiment("- {freeze: nats-1, for: 2s, every: 1s, repeat: 2}\n")),
              HasSubstr("freeze-nats-1#2 strikes nats-1 at 1.00 s while freeze-nats-1 still does"));
  EXPECT_EQ(refusal(experiment("- {freeze: nats-1, for: 2s}\n- {freeze: nats-2, for: 2s}\n")), "");
}

// Such a freeze once counted as a fault that struck 46 inputs, and the process was never frozen.
TEST(Plan, WhoIsDeadIsNotStruck) {
  const char* said = "who is dead cannot be struck";
  EXPECT_THAT(refusal(experiment("- {kill: orders, when: 1s}\n- {freeze: orders, for: 2s, when: 1s}\n")),
              HasSubstr(said));
  EXPECT_THAT(refusal(experiment("- together: [{kill: orders}, {freeze: orders, for: 1s}]\n")),
              HasSubstr(said));
  EXPECT_THAT(refusal(experiment("- {kill: nats-1, for: 3s}\n- {freeze: nats-1, for: 1s, when: 1s}\n")),
              HasSubstr(said));
  EXPECT_THAT(refusal(experiment("- {kill: orders, when: before_ack}\n"
                                 "- {freeze: orders, for: 1s, when: before_ack}\n")),
              HasSubstr(said));
  EXPECT_EQ(refusal(experiment("- {freeze: orders, for: 2s}\n- {kill: orders, when: 1s}\n")), "")
      << "who is frozen can be killed";
  EXPECT_EQ(refusal(experiment("- {kill: orders, when: 1s}\n- {latency: orders, delay: 1s, for: 2s}\n")), "")
      << "the way to it is another matter";
}

TEST(Plan, TheBlastRadiusIsCapped) {
  const std::string allow = "allow: {processes: 3}\n";
  EXPECT_EQ(refusal(experiment("- {kill: orders, when: 1s}\n", allow)), "");
  EXPECT_THAT(refusal(experiment("- {kill: side, when: 1s}\n", allow)),
              HasSubstr("4 processes could be struck at once"));
  EXPECT_THAT(refusal(experiment(
                  "- {kill: orders, when: 1s, for: 5s}\n- {freeze: nats-1, when: 2s, for: 1s}\n", allow)),
              HasSubstr("4 processes could be struck at once"));
  EXPECT_EQ(refusal(experiment("- {kill: orders, when: 1s, for: 5s}\n- {freeze: nats-1, when: 9s, for: 1s}\n",
                               allow)),
            "");
}

TEST(Plan, EveryFaultOfARandomScheduleIsHealedWithinItsTrial) {
  const Experiment storm = experiment(
      "- random: {of: [{kill: orders, strike: 1, for: [0s, 3s], weight: 2}, {freeze: nats-1, for: 2s}], "
      "lasts: 40s, at_once: 2}\n",
      "trials: 50\n");
  for (const auto& trial : plan(storm).trials) {
    EXPECT_FALSE(trial.steps.empty());
    EXPECT_LE(last_heal(trial.steps), 40s);
    for (const fault::Step& step : trial.steps) {
      ASSERT_TRUE(fault::active_time(step.fault.action)) << step.fault.name;
      EXPECT_EQ(step.replicas.size(), fault::target_of(step.fault.action) == "orders" ? 1U : 0U);
    }
  }
}

TEST(Plan, WhatIsPrintedAndWhatIsStoredNameEveryStep) {
  const Experiment both = experiment(
      "- {kill: nats-1, when: 3s, for: 2s}\n- {kill: orders, when: {after: kill-nats-1, wait: 1s}}\n");
  const Plan planned = plan(both);
  const std::string text = to_text(both, planned);
  EXPECT_THAT(text, HasSubstr("trial 1-10    at 3.00 s: SIGKILL to nats-1, down for 2.00 s  [kill-nats-1]"));
  EXPECT_THAT(text, HasSubstr("1.00 s after the heal of kill-nats-1: SIGKILL to orders"));
  const auto json = to_json(planned);
  EXPECT_EQ(json["trials"].size(), 10U);
  EXPECT_EQ(json["trials"][0]["steps"][1]["when"]["after"], "kill-nats-1");
}

TEST(Plan, WithoutFaultsThereIsOnlyTheControlTrial) {
  Experiment control = experiment("- {kill: nats-1}\n");
  control.faults.clear();
  EXPECT_TRUE(plan(control).trials.empty());
}

}  // namespace
}  // namespace squall::experiment
