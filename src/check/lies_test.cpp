// Tests the tester: each lie flips exactly the verdicts it must, and honest ledgers flip none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "check/duplicates.h"
#include "check/honest_ledger.h"
#include "check/lost.h"
#include "check/totals.h"
#include "check/unexpected.h"

namespace squall::check {
namespace {

using namespace testing;

constexpr VerdictKind kPass = VerdictKind::pass;
constexpr VerdictKind kFail = VerdictKind::fail;
constexpr VerdictKind kInconclusive = VerdictKind::inconclusive;

struct Lie {
  const char* name;
  std::function<void(Records&)> tell;
  VerdictKind lost;
  VerdictKind duplicates;
  VerdictKind unexpected;
  std::vector<Count> counts;  // that some verdict must state
};

// The n-th acknowledged input.
OpId acked(const Records& records, std::size_t n) { return ids_that_ended<Acknowledged>(records).at(n); }

void drop_effects_of_acked(Records& records, std::size_t from, std::size_t count) {
  const std::vector<OpId> ids = ids_that_ended<Acknowledged>(records);
  for (std::size_t i = from; i < from + count; ++i) {
    erase_effects(records, [&](const Effect& effect) { return effect.key == key_of(ids.at(i)); });
  }
}

void double_effect(Records& records, ledger::Stage stage) {
  records.push_back(Effect{stage, key_of(acked(records, 7)), 1'000'000, at_us(999'999)});
}

std::size_t acked_count(const Records& records) { return ids_that_ended<Acknowledged>(records).size(); }

const Lie kLies[] = {
    {"no lie", [](Records&) {}, kPass, kPass, kPass, {{"lost", 0}, {"duplicated", 0}, {"unexpected", 0}}},
    {"drop one usage",
     [](Records& r) {
       const OpId id = acked(r, 9);
       erase_effects(r, [&](const Effect& e) { return e.stage == kUsage && e.key == key_of(id); });
     },
     kFail,
     kPass,
     kPass,
     {{"lost", 1}, {"lost.usage", 1}, {"lost.assignment", 0}, {"middle", 1}}},
    {"drop one assignment but not its usage",
     [](Records& r) {
       const OpId id = acked(r, 9);
       erase_effects(r, [&](const Effect& e) { return e.stage == kAssignment && e.key == key_of(id); });
     },
     kFail,
     kPass,
     kPass,
     {{"lost", 1}, {"lost.usage", 0}, {"lost.assignment", 1}}},
    {"drop a prefix",
     [](Records& r) { drop_effects_of_acked(r, 0, 10); },
     kFail,
     kPass,
     kPass,
     {{"lost", 10}, {"prefix", 10}, {"middle", 0}, {"tail", 0}}},
    {"drop a hole",
     [](Records& r) { drop_effects_of_acked(r, 20, 5); },
     kFail,
     kPass,
     kPass,
     {{"lost", 5}, {"prefix", 0}, {"middle", 5}, {"tail", 0}}},
    {"drop the tail",
     [](Records& r) { drop_effects_of_acked(r, acked_count(r) - 4, 4); },
     kFail,
     kPass,
     kPass,
     {{"lost", 4}, {"prefix", 0}, {"middle", 0}, {"tail", 4}}},
    {"drop everything",
     [](Records& r) { erase_effects(r, [](const Effect&) { return true; }); },
     kFail,
     kPass,
     kPass,
     {{"middle", 0}, {"tail", 0}}},
    {"acknowledge without storing",
     [](Records& r) {
       const OpId id = ids_that_ended<Failed>(r).front();
       for (Record& record : r) {
         auto* outcome = std::get_if<Outcome>(&record);
         if (outcome != nullptr && outcome->id == id) outcome->how = Acknowledged{1'000'000};
       }
     },
     kFail,
     kPass,
     kPass,
     {{"lost", 1}}},
    {"double one usage",
     [](Records& r) { double_effect(r, kUsage); },
     kPass,
     kFail,
     kPass,
     {{"duplicated", 1}, {"duplicated.usage", 1}, {"duplicated.assignment", 0}, {"surplus", 1}}},
    {"double one assignment",
     [](Records& r) { double_effect(r, kAssignment); },
     kPass,
     kFail,
     kPass,
     {{"duplicated", 1}, {"duplicated.usage", 0}, {"duplicated.assignment", 1}}},
    {"invent one",
     [](Records& r) { r.push_back(Effect{kUsage, "p-1000000", 1'000'000, at_us(1)}); },
     kPass,
     kPass,
     kFail,
     {{"unexpected", 1}, {"unexpected.usage", 1}, {"refused_but_done", 0}}},
    {"do what was refused",
     [](Records& r) {
       r.push_back(Effect{kUsage, key_of(ids_that_ended<Failed>(r).front()), 1'000'000, at_us(1)});
     },
     kPass,
     kPass,
     kFail,
     {{"unexpected", 0}, {"refused_but_done", 1}}},
    {"swap the effects of a lost and a doubled input",
     [](Records& r) {
       const std::string from = key_of(acked(r, 3));
       const std::string to = key_of(acked(r, 5));
       for (Record& record : r) {
         auto* effect = std::get_if<Effect>(&record);
         if (effect != nullptr && effect->key == from) effect->key = to;
       }
     },
     kFail,
     kFail,
     kPass,
     {{"lost", 1}, {"duplicated", 1}}},
    {"forget the effects of an unknown",
     [](Records& r) {
       for (const OpId id : ids_that_ended<Unknown>(r)) {
         erase_effects(r, [&](const Effect& e) { return e.key == key_of(id); });
       }
     },
     kPass,
     kPass,
     kPass,
     {{"lost", 0}}},
    {"read every effect twice",
     [](Records& r) {
       const Records copy = r;
       for (const Record& record : copy) {
         if (std::holds_alternative<Effect>(record)) r.push_back(record);
       }
     },
     kPass,
     kPass,
     kPass,
     {{"duplicated", 0}}},
    {"acknowledge nothing",
     [](Records& r) {
       std::erase_if(r, [](const Record& record) {
         const auto* outcome = std::get_if<Outcome>(&record);
         return outcome != nullptr && std::holds_alternative<Acknowledged>(outcome->how);
       });
     },
     kInconclusive,
     kInconclusive,
     kInconclusive,
     {{"acknowledged", 0}}},
    {"an outcome that nobody attempted",
     [](Records& r) { r.push_back(Outcome{1'000'000, Acknowledged{1}, at_us(1)}); },
     kInconclusive,
     kInconclusive,
     kInconclusive,
     {}},
};

// What the verdicts state under that name; nothing if none does.
std::optional<std::uint64_t> stated(std::span<const Verdict> verdicts, const std::string& name) {
  for (const Verdict& verdict : verdicts) {
    for (const Count& count : verdict.counts) {
      if (count.name == name) return count.value;
    }
  }
  return std::nullopt;
}

TEST(Checkers, EachLieFlipsExactlyItsVerdicts) {
  for (const Lie& lie : kLies) {
    for (std::uint64_t round = 0; round < 10; ++round) {
      SCOPED_TRACE(fmt::format("{}, round {}", lie.name, round));
      Records records = honest_records(base::Seed(round), 200);
      lie.tell(records);
      const ledger::Ledger ledger = fold(records);
      const Verdict verdicts[] = {check_lost(ledger), check_duplicates(ledger), check_unexpected(ledger)};
      EXPECT_EQ(verdicts[0].kind, lie.lost);
      EXPECT_EQ(verdicts[1].kind, lie.duplicates);
      EXPECT_EQ(verdicts[2].kind, lie.unexpected);
      for (const Verdict& verdict : verdicts) {
        EXPECT_EQ(verdict.reasons.empty(), verdict.kind == kPass) << verdict.checker;
      }
      for (const Count& count : lie.counts)
        EXPECT_EQ(stated(verdicts, count.name), count.value) << count.name;
    }
  }
}

TEST(Checkers, HonestLedgersFlipNothing) {
  for (std::uint64_t round = 0; round < 1'500; ++round) {
    const Records records = honest_records(base::Seed(round).derive("honest"), 60);
    const ledger::Ledger ledger = fold(records);
    ASSERT_EQ(check_lost(ledger).kind, kPass) << round;
    ASSERT_EQ(check_duplicates(ledger).kind, kPass) << round;
    ASSERT_EQ(check_unexpected(ledger).kind, kPass) << round;
    const Totals totals = count_totals(ledger);
    ASSERT_EQ(totals.acked + totals.failed + totals.unknown + totals.recovered, totals.attempted) << round;
    ASSERT_EQ(totals.lost + totals.duplicated + totals.unexpected, 0U) << round;
  }
}

TEST(Checkers, AnUnknownWithAnEffectIsRecoveredAndWithoutOneUnknownButNeverLost) {
  Records records = honest_records(base::Seed(1), 200);
  const Totals before = count_totals(fold(records));
  ASSERT_GT(before.recovered, 0U);
  for (const OpId id : ids_that_ended<Unknown>(records)) {
    erase_effects(records, [&](const Effect& effect) { return effect.key == key_of(id); });
  }
  const Totals after = count_totals(fold(records));
  EXPECT_EQ(after.recovered, 0U);
  EXPECT_EQ(after.unknown, before.unknown + before.recovered);
  EXPECT_EQ(after.lost, 0U);
}

TEST(Checkers, AVerdictNamesAtMost32ExamplesWithEverythingKnown) {
  Records records = honest_records(base::Seed(1), 200);
  drop_effects_of_acked(records, 10, 50);
  const Verdict verdict = check_lost(fold(records));
  EXPECT_EQ(verdict.count("lost"), 50U);
  ASSERT_EQ(verdict.examples.size(), kMaxExamples);
  EXPECT_NE(verdict.examples[0].facts.find("PubAck"), std::string::npos);
  EXPECT_NE(verdict.examples[0].facts.find("no usage"), std::string::npos);
  EXPECT_EQ(verdict.reasons[0],
            fmt::format(
                "50 of {} acknowledged inputs have not all their effects: 50 without assignment, 50 without "
                "usage",
                acked_count(records)));
}

TEST(Verdicts, CombineToTheWorstAndNothingIsInconclusive) {
  EXPECT_EQ(combine({}), kInconclusive);
  EXPECT_EQ(combine(std::vector{kPass, kPass}), kPass);
  EXPECT_EQ(combine(std::vector{kPass, kInconclusive}), kInconclusive);
  EXPECT_EQ(combine(std::vector{kInconclusive, kFail, kPass}), kFail);
}

TEST(Verdicts, InconclusiveDoesNotSoftenAFail) {
  Verdict verdict{.checker = "x", .kind = kPass};
  verdict.fail("bad");
  verdict.inconclusive("odd");
  EXPECT_EQ(verdict.kind, kFail);
  EXPECT_EQ(verdict.reasons.size(), 2U);
}

}  // namespace
}  // namespace squall::check
