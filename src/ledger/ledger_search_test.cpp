#include "ledger/ledger_search.h"

#include <gtest/gtest.h>

namespace squall::ledger {
namespace {

base::Instant at(int ms) { return base::Instant{std::chrono::milliseconds{ms}}; }

Layout layout() { return {{"stored"}, "p-", {base::Instant{}, base::WallInstant{std::chrono::hours{9}}}}; }

// 50 inputs, each done; every tenth has a key of the user's own, one is never acknowledged, one is doubled.
std::vector<Record> records() {
  std::vector<Record> all;
  for (int i = 0; i < 50; ++i) {
    const auto id = static_cast<OpId>(i);
    const std::string key = i % 10 == 7 ? "order-" + std::to_string(i) : "p-" + std::to_string(i);
    const Effect effect{0, key, id + 1, at(10 * i + 4)};
    if (i == 21) all.emplace_back(effect);  // read before its attempt was written
    all.emplace_back(Attempt{.id = id, .key = key, .at = at(10 * i)});
    if (i == 30) {
      all.emplace_back(Outcome{id, Unknown{"time-out"}, at(10 * i + 2)});
    } else {
      all.emplace_back(Outcome{id, Acknowledged{id + 1}, at(10 * i + 1)});
    }
    all.emplace_back(Delivery{key, id + 1, 1, at(10 * i + 3)});
    if (i != 21) all.emplace_back(effect);
    if (i == 40) all.emplace_back(Effect{0, key, 900, at(10 * i + 6)});
  }
  all.emplace_back(ScanBegan{0, "IN", Retention::limits, at(600)});
  for (OpId id = 0; id < 50; ++id) {
    const std::string key = id % 10 == 7 ? "order-" + std::to_string(id) : "p-" + std::to_string(id);
    if (id != 30) all.emplace_back(Stored{key, 0, id + 1, at(601)});
  }
  all.emplace_back(ScanEnded{0, 1, 50, "", at(610)});
  return all;
}

TEST(LedgerSearch, TellsOfEachWantedInputWhatALedgerThatKeptEverythingWouldTell) {
  const std::vector<OpId> wanted{0, 5, 7, 21, 30, 40, 47};
  Ledger everything(layout());
  LedgerSearch search(layout(), wanted);
  for (const Record& record : records()) {
    everything.add(record);
    search.see(to_entry(record, layout()));
  }
  for (const OpId id : wanted) {
    const auto found = search.history(id);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(describe(*found, layout()), describe(everything.history(id), layout()));
    EXPECT_NE(describe(*found, layout()).find("attempted 09:00:00"), std::string::npos);
  }
}

TEST(LedgerSearch, KnowsNothingOfOthers) {
  LedgerSearch search(layout(), {3, 900});
  for (const Record& record : records()) search.see(to_entry(record, layout()));
  EXPECT_TRUE(search.history(3));
  EXPECT_FALSE(search.history(4));
  EXPECT_FALSE(search.history(900));
}

}  // namespace
}  // namespace squall::ledger
