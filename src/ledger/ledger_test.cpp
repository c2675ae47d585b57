#include "ledger/ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace squall::ledger {
namespace {

using base::Instant;
using std::chrono::milliseconds;

constexpr Stage kAssignment = 0;
constexpr Stage kUsage = 1;

Instant at(int ms) { return Instant{milliseconds{ms}}; }

Layout layout() {
  return {{"assignment", "usage"}, "p-", {Instant{}, base::WallInstant{std::chrono::hours{9}}}};
}

TEST(Ledger, AnInputIsUnfinishedUntilItsFinalEffect) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  EXPECT_EQ(ledger.unfinished(), 1U);
  ledger.add(Outcome{0, Acknowledged{7}, at(2)});
  ledger.add(Effect{kAssignment, "p-0", 70, at(3)});
  EXPECT_EQ(ledger.unfinished(), 1U);
  ledger.add(Effect{kUsage, "p-0", 71, at(4)});
  EXPECT_EQ(ledger.unfinished(), 0U);

  const Operation operation = ledger.operation(0);
  EXPECT_EQ(operation.state, State::ok);
  EXPECT_EQ(operation.stream_seq, 7U);
  EXPECT_TRUE(operation.finished());
  EXPECT_EQ(operation.accepted_at(), at(2));
}

TEST(Ledger, AFinalEffectThatIsSeenBeforeTheAcknowledgementFinishesTheInput) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Effect{kUsage, "p-0", 71, at(4)});
  EXPECT_EQ(ledger.unfinished(), 0U);
  ledger.add(Outcome{0, Acknowledged{7}, at(5)});
  EXPECT_EQ(ledger.unfinished(), 0U);
  EXPECT_EQ(ledger.operation(0).accepted_at(), at(4));
}

TEST(Ledger, FailedAndUnknownInputsAreNotUnfinished) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Attempt{1, "p-1", at(1)});
  ledger.add(Outcome{0, Failed{"no responders"}, at(2)});
  ledger.add(Outcome{1, Unknown{"time-out"}, at(2)});
  EXPECT_EQ(ledger.unfinished(), 0U);
  EXPECT_EQ(ledger.counts().failed, 1U);
  EXPECT_EQ(ledger.counts().unknown, 1U);
  EXPECT_EQ(ledger.counts().open, 0U);
  EXPECT_EQ(ledger.history(1).reason, "time-out");
}

// Everything that a ledger says of its inputs, for comparing two.
std::vector<std::string> told(const Ledger& ledger) {
  const Counts& counts = ledger.counts();
  std::vector<std::string> lines{
      fmt::format("{} {} {} {} {} {} · {}", counts.attempted, counts.open, counts.ok, counts.failed,
                  counts.unknown, counts.effects.back(), ledger.unfinished()),
      ledger.inconsistency().value_or("consistent")};
  for (const Outage& outage : ledger.outages().outages()) {
    lines.push_back(
        fmt::format("outage from {} unknown {}", outage.from.time_since_epoch().count(), outage.unknown));
  }
  for (OpId id = 0; id < ledger.size(); ++id) {
    lines.push_back(describe(ledger.history(id), ledger.layout()));
    lines.push_back(fmt::format("{} {}", ledger.cards().get(id).bits(), ledger.facts(id) != nullptr));
  }
  return lines;
}

// Both with what `before` puts in, then a run as one record or as those that it stands for, then its effects.
std::pair<std::vector<std::string>, std::vector<std::string>> run_and_its_records(
    const std::function<void(Ledger&)>& before) {
  std::vector<std::string> folded[2];
  for (const bool whole : {true, false}) {
    Ledger ledger(layout());
    ledger.add(Source{1, 0, OperationKind::core, "in", at(0)});
    before(ledger);
    // Over the end of a page of facts, in runs of other lengths.
    for (int at_ms = 1; at_ms <= 80; ++at_ms) {
      const SentRun run{.first = ledger.size(),
                        .inputs = static_cast<std::uint32_t>(1 + at_ms % 256),
                        .at = at(at_ms),
                        .source = 1,
                        .order_key = static_cast<std::uint32_t>(at_ms % 3),
                        .filtered = at_ms % 7 == 0,
                        .reason = at_ms % 2 == 0 ? "core" : "core, too"};
      if (whole) {
        ledger.add(run);
        continue;
      }
      for (std::uint32_t index = 0; index < run.inputs; ++index) {
        ledger.add(run.attempt(index));
        ledger.add(run.outcome(index));
      }
    }
    for (int id = 0; id < 3'000; id += 5) {
      ledger.add(Effect{kUsage, "p-" + std::to_string(id), static_cast<std::uint64_t>(id + 1), at(5'000)});
    }
    folded[whole ? 0 : 1] = told(ledger);
  }
  return {folded[0], folded[1]};
}

TEST(Ledger, ARunFoldsAsTheRecordsThatItStandsFor) {
  const auto [run, records] = run_and_its_records([](Ledger&) {});
  EXPECT_GT(run.size(), 6'000U);
  EXPECT_EQ(run, records);
}

TEST(Ledger, ARunBehindAForeignKeyOrAnEarlyEffectFoldsAsItsRecordsDo) {
  const auto [foreign, foreign_records] = run_and_its_records([](Ledger& ledger) {
    ledger.add(Attempt{.id = 0, .key = "p-700", .at = at(0), .source = 1});  // 700 cannot be p-700 any more
  });
  EXPECT_EQ(foreign, foreign_records);
  EXPECT_NE(foreign[1], "consistent");
  const auto [early, early_records] =
      run_and_its_records([](Ledger& ledger) { ledger.add(Effect{kAssignment, "p-9", 4, at(0)}); });
  EXPECT_EQ(early, early_records);
  EXPECT_EQ(early[1], "consistent");
}

TEST(Ledger, TheOneEffectOfAnInputThatIsToHaveNoneIsToldOnce) {
  Ledger ledger(layout());
  ledger.add(Attempt{.id = 0, .key = "p-0", .at = at(1), .filtered = true});
  ledger.add(Effect{kUsage, "p-0", 5, at(2)});
  EXPECT_EQ(ledger.history(0).effects.size(), 1U);
  ledger.add(Effect{kUsage, "p-0", 6, at(3)});
  EXPECT_EQ(ledger.history(0).effects.size(), 2U);
}

// They never end otherwise: only what could not be handed over is an outage.
TEST(Ledger, CorePublishesThatAreHandedOverAreNoOutage) {
  Ledger ledger(layout());
  ledger.add(Source{1, 0, OperationKind::core, "in", at(0)});
  const auto publish = [&](OpId id, int ms, bool handed_over) {
    ledger.add(Attempt{.id = id, .key = "p-" + std::to_string(id), .at = at(ms), .source = 1});
    if (handed_over) return ledger.add(Outcome{id, Unknown{"core"}, at(ms)});
    ledger.add(Outcome{id, Failed{"not connected"}, at(ms)});
  };
  publish(0, 10, true);
  EXPECT_TRUE(ledger.outages().outages().empty());
  publish(1, 1'000, false);
  publish(2, 1'500, false);
  publish(3, 2'000, true);
  const std::vector<Outage> outages = ledger.outages().outages();
  ASSERT_EQ(outages.size(), 1U);
  EXPECT_EQ(outages[0].from, at(1'000));
  EXPECT_EQ(outages[0].until, at(2'000));
  EXPECT_EQ(outages[0].failed, 2U);
}

TEST(Ledger, ARunThatLeavesAGapIsAContradiction) {
  Ledger ledger(layout());
  ledger.add(SentRun{.first = 3, .inputs = 2, .at = at(1), .reason = "core"});
  EXPECT_TRUE(ledger.inconsistency());
  EXPECT_EQ(ledger.size(), 0U);
}

TEST(Ledger, ARetryOpensTheInputAgainAndAFailureDoesNotUndoAnUnknown) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Outcome{0, Unknown{"time-out"}, at(2)});
  ledger.add(Attempt{0, "p-0", at(3)});
  EXPECT_EQ(ledger.operation(0).state, State::open);
  // The first attempt may have been stored, so "certainly not accepted" would be a lie.
  ledger.add(Outcome{0, Failed{"no responders"}, at(4)});
  EXPECT_EQ(ledger.operation(0).state, State::unknown);
  ledger.add(Attempt{0, "p-0", at(5)});
  ledger.add(Outcome{0, Acknowledged{9, true}, at(6)});
  ledger.add(Outcome{0, Unknown{"late"}, at(7)});
  EXPECT_EQ(ledger.operation(0).state, State::ok);
  EXPECT_EQ(ledger.operation(0).attempts, 3U);
  EXPECT_EQ(ledger.operation(0).attempted_at, at(1));
  EXPECT_EQ(ledger.counts().attempted, 1U);
}

TEST(Ledger, TheSameStoredEffectReadTwiceIsOneEffect) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Effect{kUsage, "p-0", 71, at(4)});
  ledger.add(Effect{kUsage, "p-0", 71, at(4)});
  ledger.add(Effect{kUsage, "p-0", 75, at(9)});
  ledger.add(Effect{kUsage, "p-0", 75, at(9)});
  EXPECT_EQ(ledger.operation(0).effects[kUsage].count, 2U);
  EXPECT_EQ(ledger.counts().effects[kUsage], 2U);
  EXPECT_EQ(ledger.history(0).effects.size(), 2U);
}

TEST(Ledger, EffectsThatArriveOutOfOrderKeepTheEarliestAsTheFirst) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Effect{kUsage, "p-0", 75, at(9)});
  ledger.add(Effect{kUsage, "p-0", 71, at(4)});
  ledger.add(Effect{kUsage, "p-0", 75, at(9)});  // read again, now that another one is the first
  EXPECT_EQ(ledger.operation(0).effects[kUsage].first_seq, 71U);
  EXPECT_EQ(ledger.operation(0).effects[kUsage].first_at, at(4));
  EXPECT_EQ(ledger.operation(0).effects[kUsage].count, 2U);
}

TEST(Ledger, RepliesHaveNoSequenceAndAlwaysCount) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Effect{kUsage, "p-0", 0, at(4)});
  ledger.add(Effect{kUsage, "p-0", 0, at(5)});
  EXPECT_EQ(ledger.operation(0).effects[kUsage].count, 2U);
}

TEST(Ledger, EffectsOfKeysThatWereNeverAttemptedStandApart) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Effect{kUsage, "p-1", 3, at(2)});
  ledger.add(Effect{kUsage, "p-1", 3, at(2)});
  ledger.add(Effect{kUsage, "p-00", 4, at(1)});
  ASSERT_EQ(ledger.unexpected().size(), 2U);
  EXPECT_EQ(ledger.unexpected()[0].key, "p-00");
}

TEST(Ledger, AnEffectThatIsSeenBeforeItsAttemptIsAdopted) {
  Ledger ledger(layout());
  ledger.add(Effect{kUsage, "p-0", 3, at(2)});
  ledger.add(Attempt{0, "p-0", at(1)});
  EXPECT_TRUE(ledger.unexpected().empty());
  EXPECT_TRUE(ledger.operation(0).finished());
  EXPECT_EQ(ledger.counts().effects[kUsage], 1U);
  EXPECT_EQ(ledger.unfinished(), 0U);
}

TEST(Ledger, KeysOfAnyFormFindTheirInput) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "order-abc", at(1)});
  ledger.add(Attempt{1, "p-1", at(1)});
  ledger.add(Attempt{2, "p-7", at(1)});  // looks numbered, but is not this input's number
  EXPECT_EQ(ledger.find("order-abc"), 0U);
  EXPECT_EQ(ledger.find("p-1"), 1U);
  EXPECT_EQ(ledger.find("p-7"), 2U);
  EXPECT_EQ(ledger.find("p-0"), std::nullopt);
  EXPECT_EQ(ledger.find("p-2"), std::nullopt);
  EXPECT_EQ(ledger.find("p-01"), std::nullopt);
  EXPECT_EQ(ledger.key(0), "order-abc");
  EXPECT_EQ(ledger.key(1), "p-1");
  EXPECT_EQ(ledger.key(2), "p-7");
}

TEST(Ledger, ContradictionsAreNamedAndLeftOut) {
  const auto first_problem = [](const std::vector<Record>& records) {
    Ledger ledger(layout());
    for (const Record& record : records) ledger.add(record);
    return ledger.inconsistency().value_or("none");
  };
  EXPECT_EQ(first_problem({Attempt{0, "p-0", at(1)}}), "none");
  EXPECT_EQ(first_problem({Outcome{0, Acknowledged{1}, at(1)}}),
            "input 0 has an outcome, but was never attempted");
  EXPECT_EQ(first_problem({Attempt{1, "p-1", at(1)}}), "input 1 (p-1) is attempted, but 0 would be next");
  EXPECT_EQ(first_problem({Attempt{0, "x", at(1)}, Attempt{1, "x", at(1)}}),
            "the key x stands for input 0 and for input 1");
  EXPECT_EQ(first_problem({Attempt{0, "x", at(1)}, Attempt{0, "y", at(1)}}), "input 0 is called x and y");
  EXPECT_EQ(first_problem({Effect{2, "x", 1, at(1)}}), "an effect of x has stage 2, which does not exist");
  EXPECT_EQ(first_problem({Attempt{0, "x", at(1)}, Outcome{0, Acknowledged{0}, at(1)}}),
            "input 0 is acknowledged without a stream sequence");
}

TEST(Ledger, DescribesEverythingKnownAboutAnInputOnOneLine) {
  Ledger ledger(layout());
  ledger.add(Attempt{0, "p-0", at(1)});
  ledger.add(Outcome{0, Acknowledged{593}, at(2)});
  ledger.add(Effect{kAssignment, "p-0", 594, at(3)});
  ledger.add(Attempt{1, "p-1", at(5)});
  ledger.add(Attempt{1, "p-1", at(6)});
  ledger.add(Delivery{"p-1", 3, 1, at(7)});
  ledger.add(Outcome{1, Unknown{"connection lost"}, at(8)});
  EXPECT_EQ(
      describe(ledger.history(0), layout()),
      "p-0 · attempted 09:00:00.001 · PubAck 09:00:00.002 (#593) · assignment #594 09:00:00.003 · no usage");
  EXPECT_EQ(
      describe(ledger.history(1), layout()),
      "p-1 · attempted 09:00:00.005 (2 times) · unknown 09:00:00.008 (connection lost) · delivered 1 × · no "
      "assignment · no usage");
}

}  // namespace
}  // namespace squall::ledger
