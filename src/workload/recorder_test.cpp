#include "workload/recorder.h"

#include <gtest/gtest.h>

namespace squall::workload {
namespace {

using std::chrono::seconds;

// An accepted input that never has its effect.
void record_lost(Recorder& recorder, ledger::OpId id, base::Instant at) {
  recorder.record(ledger::Attempt{.id = id, .key = "p-" + std::to_string(id), .at = at});
  recorder.record(ledger::Outcome{.id = id, .how = ledger::Acknowledged{.stream_seq = id + 1}, .at = at});
}

// A service that loses an input in trial 1 once made every later trial "not operational": its one lost input
// was the oldest unfinished for ever.
TEST(Recorder, WhatWasGivenUpIsNoLongerTheOldestUnfinishedUntilTheFinalDrain) {
  const base::WallAnchor anchor = base::WallAnchor::take();
  Recorder recorder(ledger::Layout{.stages = {"confirmed"}, .key_prefix = "p-", .anchor = anchor}, {});
  record_lost(recorder, 0, anchor.mono + seconds(1));
  EXPECT_EQ(recorder.progress().oldest_unfinished_at, anchor.mono + seconds(1));
  recorder.give_up_before(anchor.mono + seconds(2));
  EXPECT_EQ(recorder.progress().oldest_unfinished_at, std::nullopt);
  EXPECT_EQ(recorder.progress().unfinished, 1U);
  record_lost(recorder, 1, anchor.mono + seconds(3));
  EXPECT_EQ(recorder.progress().oldest_unfinished_at, anchor.mono + seconds(3));
  recorder.wait_for_all();
  EXPECT_EQ(recorder.progress().oldest_unfinished_at, anchor.mono + seconds(1));
}

}  // namespace
}  // namespace squall::workload
