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

TEST(SelfTest, WithoutTwoFinishedInputsItIsInconclusive) {
  const Records records{Attempt{0, "p-0", at_ms(1)}, Outcome{0, Acknowledged{1}, at_ms(2)},
                        Effect{kAssignment, "p-0", 1, at_ms(3)}, Effect{kUsage, "p-0", 1, at_ms(3)}};
  EXPECT_EQ(run_self_test(fold(records)).kind, VerdictKind::inconclusive);
  EXPECT_EQ(run_self_test(fold({})).kind, VerdictKind::inconclusive);
}

}  // namespace
}  // namespace squall::check
