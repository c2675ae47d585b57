#include "fault/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace squall::fault {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const Draft kKill{.fault = {.name = "kill", .action = Kill{.target = "nats-1"}, .at = 1s},
                  .jitter = 500ms,
                  .active_times = {0s, 2s, 5s}};
const Draft kFreeze{
    .fault = {.name = "freeze", .action = Freeze{.target = "router", .duration = 1s}, .at = 1200ms}};

// Kill's down time may be chosen only when Squall restarts.
Draft with_down_time(Draft draft) {
  std::get<Kill>(draft.fault.action).down_time = 0s;
  return draft;
}

std::vector<PlannedTrial> draw(std::uint64_t seed, const std::vector<Draft>& drafts, int trials) {
  auto schedule = draw_schedule(base::Seed(seed), drafts, trials);
  EXPECT_TRUE(schedule) << (schedule ? "" : schedule.error().message());
  return schedule.value_or(std::vector<PlannedTrial>{});
}

TEST(Schedule, TheSameSeedGivesTheSameScheduleAndAnotherDiffers) {
  const std::vector<Draft> drafts{with_down_time(kKill), kFreeze};
  EXPECT_EQ(draw(7, drafts, 20), draw(7, drafts, 20));
  EXPECT_NE(draw(7, drafts, 20), draw(8, drafts, 20));
}

TEST(Schedule, ALongerScheduleBeginsWithTheShorterOne) {
  const std::vector<Draft> drafts{with_down_time(kKill)};
  const auto longer = draw(7, drafts, 59);
  EXPECT_EQ(std::vector<PlannedTrial>(longer.begin(), longer.begin() + 10), draw(7, drafts, 10));
}

TEST(Schedule, AnotherFaultChangesNothingOfTheFirst) {
  const auto alone = draw(7, {with_down_time(kKill)}, 10);
  const auto both = draw(7, {kFreeze, with_down_time(kKill)}, 10);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(std::ranges::count(both[i].faults, alone[i].faults[0]), 1);
    EXPECT_LE(both[i].faults[0].at, both[i].faults[1].at) << "by time";
  }
}

TEST(Schedule, EachDownTimeOccursOncePerRoundAndTheOrderVaries) {
  const auto schedule = draw(7, {with_down_time(kKill)}, 30);
  std::set<std::vector<base::Nanos>> orders;
  for (std::size_t round = 0; round < 30; round += 3) {
    std::vector<base::Nanos> times;
    for (std::size_t i = round; i < round + 3; ++i)
      times.push_back(*active_time(schedule[i].faults[0].action));
    EXPECT_THAT(times, UnorderedElementsAre(0s, 2s, 5s));
    orders.insert(times);
  }
  EXPECT_GT(orders.size(), 2U);
}

TEST(Schedule, JitterIsSpreadOverItsRangeAndNeverLeavesIt) {
  const auto schedule = draw(7, {with_down_time(kKill)}, 500);
  base::Nanos earliest = 1h;
  base::Nanos latest{0};
  for (const PlannedTrial& trial : schedule) {
    earliest = std::min(earliest, trial.faults[0].at);
    latest = std::max(latest, trial.faults[0].at);
  }
  EXPECT_GE(earliest, 1s);
  EXPECT_LT(earliest, 1010ms);
  EXPECT_LT(latest, 1500ms);
  EXPECT_GT(latest, 1490ms);
}

TEST(Schedule, EachMistakeIsNamed) {
  const auto message = [](const std::vector<Draft>& drafts, int trials) {
    const auto schedule = draw_schedule(base::Seed(1), drafts, trials);
    return schedule ? "" : schedule.error().message();
  };
  Draft negative = kFreeze;
  negative.jitter = -1ms;
  EXPECT_EQ(message({}, 1), "a schedule needs at least one fault");
  EXPECT_EQ(message({kFreeze}, 0), "a schedule needs at least one trial, not 0");
  EXPECT_EQ(message({kFreeze, kFreeze}, 1), "two faults are named freeze");
  EXPECT_EQ(message({negative}, 1), "fault freeze: its times must not be negative");
  EXPECT_THAT(message({kKill}, 1), HasSubstr("somebody else restarts nats-1"));
}

TEST(Schedule, JsonListsTheFaultsOfEachTrial) {
  const auto json = to_json(draw(7, {kFreeze}, 2));
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1]["trial"], 2);
  EXPECT_EQ(json[1]["faults"][0]["freeze"]["target"], "router");
}

}  // namespace
}  // namespace squall::fault
