#include "ledger/facts_table.h"

#include <gtest/gtest.h>

namespace squall::ledger {
namespace {

constexpr std::size_t kKept = 10'000;
constexpr OpId kInputs = 300'000;

// A service that is far behind, or whose effects nobody sees: this once took the load down from 270,000
// inputs a second to 9,000.
TEST(FactsTable, ABacklogWithoutEndCostsEachInputAFewLooks) {
  FactsTable table(1, kKept);
  std::uint64_t looks = 0;
  for (OpId id = 0; id < kInputs; ++id) {
    table.append({.stream_seq = id + 1});
    if (table.too_many()) {
      table.let_go([&](OpId) {
        ++looks;
        return false;
      });
    }
  }
  EXPECT_LT(looks, kInputs * 20);
  EXPECT_EQ(table.stragglers().size(), std::size_t{1} << 16) << "of the first, so many are still known";
  EXPECT_EQ(table.forgotten(), table.first_recent() - (OpId{1} << 16));
  EXPECT_TRUE(table.find(0));
  EXPECT_TRUE(table.find(kInputs - 1));
}

TEST(FactsTable, WhatIsSettledMeanwhileMakesRoomForOthers) {
  // Of the first half nothing is settled before the second begins; of the second all but every hundredth is.
  constexpr OpId kHalf = kInputs / 2;
  FactsTable table(1, kKept);
  for (OpId id = 0; id < kInputs; ++id) {
    table.append({});
    if (!table.too_many()) continue;
    table.let_go([&](OpId of) { return of < kHalf ? id >= kHalf : of % 100 != 0; });
  }
  EXPECT_FALSE(table.find(0)) << "settled, and made room";
  for (OpId id = kHalf; id < kInputs; id += 100) ASSERT_TRUE(table.find(id)) << id;
}

}  // namespace
}  // namespace squall::ledger
