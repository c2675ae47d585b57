#include "check/self_check.h"

#include <gtest/gtest.h>

#include "check/honest_ledger.h"

namespace squall::check {
namespace {

using namespace testing;

TEST(SelfTest, ReportsTheHiddenAndTheDoubledEffect) {
  const Verdict verdict = run_self_test(fold(honest_records(base::Seed(3), 100)));
  EXPECT_EQ(verdict.kind, VerdictKind::pass) << verdict.reasons.front();
  EXPECT_EQ(verdict.count("hidden_and_reported"), 1U);
  EXPECT_EQ(verdict.count("doubled_and_reported"), 1U);
  EXPECT_EQ(verdict.examples.size(), 2U);
}

TEST(SelfTest, WorksOnALedgerThatAlreadyShowsLosses) {
  Records records = honest_records(base::Seed(3), 100);
  const OpId gone = ids_that_ended<Acknowledged>(records)[40];
  erase_effects(records, [&](const Effect& effect) { return effect.key == key_of(gone); });
  EXPECT_EQ(run_self_test(fold(records)).kind, VerdictKind::pass);
}

// A ledger of core publishes, each done; of `lost` nothing ever came.
Records core_records(OpId count, OpId lost) {
  Records records{ledger::Source{1, 0, ledger::OperationKind::core, "in", at_ms(0)}};
  for (OpId id = 0; id < count; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    records.push_back(Attempt{.id = id, .key = key_of(id), .at = at_ms(t), .source = 1});
    records.push_back(Outcome{id, Unknown{"core"}, at_ms(t)});
    if (id == lost) continue;
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(t + 1)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(t + 2)});
  }
  return records;
}

TEST(SelfTest, LiesAboutCorePublishesThatNobodyAcknowledges) {
  const Verdict verdict = run_self_test(fold(core_records(100, 40)));
  EXPECT_EQ(verdict.kind, VerdictKind::pass);
  EXPECT_EQ(verdict.count("hidden_and_reported"), 1U);
  EXPECT_EQ(verdict.count("doubled_and_reported"), 1U);
}

TEST(SelfTest, WithoutTwoFinishedInputsItIsInconclusive) {
  const Records records{Attempt{0, "p-0", at_ms(1)}, Outcome{0, Acknowledged{1}, at_ms(2)},
                        Effect{kAssignment, "p-0", 1, at_ms(3)}, Effect{kUsage, "p-0", 1, at_ms(3)}};
  EXPECT_EQ(run_self_test(fold(records)).kind, VerdictKind::inconclusive);
  EXPECT_EQ(run_self_test(fold({})).kind, VerdictKind::inconclusive);
}

}  // namespace
}  // namespace squall::check
