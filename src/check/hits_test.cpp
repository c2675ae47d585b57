#include "check/hits.h"

#include <gtest/gtest.h>

#include "check/honest_ledger.h"

namespace squall::check {
namespace {

using namespace testing;

const FaultWindow kWindow{at_ms(0), at_ms(100), at_ms(200), at_ms(1000)};

TEST(Hits, AreSplitByWhatTheInputWasWaitingFor) {
  const ledger::Ledger ledger = fold({
      // done before the fault
      Attempt{0, "p-0", at_ms(90)},
      Outcome{0, Acknowledged{1}, at_ms(91)},
      Effect{kAssignment, "p-0", 1, at_ms(95)},
      Effect{kUsage, "p-0", 1, at_ms(100)},
      // acknowledged, nothing done yet
      Attempt{1, "p-1", at_ms(97)},
      Outcome{1, Acknowledged{2}, at_ms(98)},
      Effect{kAssignment, "p-1", 2, at_ms(300)},
      Effect{kUsage, "p-1", 2, at_ms(310)},
      // between the stages, and never finished
      Attempt{2, "p-2", at_ms(96)},
      Outcome{2, Acknowledged{3}, at_ms(97)},
      Effect{kAssignment, "p-2", 3, at_ms(99)},
      // in flight: its acknowledgement came after the fault
      Attempt{3, "p-3", at_ms(99)},
      Outcome{3, Acknowledged{4}, at_ms(250)},
      Effect{kAssignment, "p-3", 4, at_ms(320)},
      Effect{kUsage, "p-3", 4, at_ms(330)},
      // in flight: unknown, but its effects show that it was accepted
      Attempt{4, "p-4", at_ms(99)},
      Outcome{4, Unknown{"connection lost"}, at_ms(101)},
      Effect{kAssignment, "p-4", 5, at_ms(321)},
      Effect{kUsage, "p-4", 5, at_ms(331)},
      // nobody can say that the system ever had these
      Attempt{5, "p-5", at_ms(99)},
      Outcome{5, Unknown{"connection lost"}, at_ms(101)},
      Attempt{6, "p-6", at_ms(99)},
      Outcome{6, Failed{"not connected"}, at_ms(101)},
      // after the fault
      Attempt{7, "p-7", at_ms(101)},
      Outcome{7, Acknowledged{6}, at_ms(260)},
  });
  const Hits hits = count_hits(ledger, kWindow);
  EXPECT_EQ(hits.in_flight, 2U);
  EXPECT_EQ(hits.waiting_for, (std::vector<std::uint64_t>{1, 1}));
  EXPECT_EQ(hits.total(), 4U);

  const Verdict verdict = check_hits(ledger, kWindow);
  EXPECT_EQ(verdict.kind, VerdictKind::pass);
  EXPECT_EQ(verdict.count("hits"), 4U);
  EXPECT_EQ(verdict.count("waiting_for.usage"), 1U);
  EXPECT_EQ(verdict.examples.size(), 4U);
}

// Nobody acknowledges a core publish: those behind the newest one that was done were waiting, and are lost by
// this fault for all that anybody knows; those before it were lost by another.
TEST(Hits, CorePublishesThatWaitedAreStruckWhateverBecameOfThem) {
  Records records{ledger::Source{1, 0, ledger::OperationKind::core, "in", at_ms(0)}};
  const auto publish = [&](OpId id, int sent, std::optional<int> done) {
    records.push_back(Attempt{.id = id, .key = key_of(id), .at = at_ms(sent), .source = 1});
    records.push_back(Outcome{id, Unknown{"core"}, at_ms(sent)});
    if (!done) return;
    records.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(*done)});
    records.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(*done)});
  };
  publish(0, 50, {});   // lost long ago
  publish(1, 90, 95);   // done
  publish(2, 96, 300);  // done after the fault
  publish(3, 97, {});
  publish(4, 98, {});
  publish(5, 120, {});  // after it
  EXPECT_EQ(count_hits(fold(records), kWindow).total(), 3U);
}

TEST(Hits, AFaultThatStruckNothingIsInconclusive) {
  const Verdict verdict =
      check_hits(fold({Attempt{0, "p-0", at_ms(90)}, Outcome{0, Acknowledged{1}, at_ms(91)},
                       Effect{kAssignment, "p-0", 1, at_ms(95)}, Effect{kUsage, "p-0", 1, at_ms(99)}}),
                 kWindow);
  EXPECT_EQ(verdict.kind, VerdictKind::inconclusive);
  EXPECT_EQ(verdict.reasons.size(), 1U);
}

TEST(Hits, WorkThatAnEarlierTrialLeftIsNotThisFaults) {
  FaultWindow later = kWindow;
  later.observed_from = at_ms(95);
  const ledger::Ledger ledger = fold({Attempt{0, "p-0", at_ms(90)}, Outcome{0, Acknowledged{1}, at_ms(91)}});
  EXPECT_EQ(count_hits(ledger, kWindow).total(), 1U);
  EXPECT_EQ(count_hits(ledger, later).total(), 0U);
}

// A system that is far behind once counted as one without unfinished work.
TEST(Hits, WorkOfBeforeTheTrialCountsUnlessAnEarlierTrialGaveItUp) {
  FaultWindow window = kWindow;
  window.observed_from = at_ms(95);
  const ledger::Ledger ledger = fold({Attempt{0, "p-0", at_ms(90)}, Outcome{0, Acknowledged{1}, at_ms(91)}});
  window.works_from = base::Instant::min();
  EXPECT_EQ(count_hits(ledger, window).total(), 1U);
  window.works_from = at_ms(92);
  EXPECT_EQ(count_hits(ledger, window).total(), 0U);
}

TEST(Hits, WhatWasLostInTheControlIsNotStruckAgain) {
  FaultWindow window = kWindow;
  window.observed_from = at_ms(95);
  window.works_from = base::Instant::min();
  // The first is never done; the second, sent later, was done before the fault.
  const ledger::Ledger ledger =
      fold({Attempt{0, "p-0", at_ms(80)}, Outcome{0, Acknowledged{1}, at_ms(81)},
            Attempt{1, "p-1", at_ms(96)}, Outcome{1, Acknowledged{2}, at_ms(97)},
            Effect{kAssignment, "p-1", 1, at_ms(98)}, Effect{kUsage, "p-1", 1, at_ms(99)}});
  EXPECT_EQ(count_hits(ledger, window).total(), 0U);
  EXPECT_EQ(check_hits(ledger, window).kind, VerdictKind::inconclusive);
}

}  // namespace
}  // namespace squall::check
