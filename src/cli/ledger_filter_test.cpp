#include "cli/ledger_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::cli {
namespace {

using ledger::Acknowledged;
using ledger::Attempt;
using ledger::Delivery;
using ledger::Effect;
using ledger::Failed;
using ledger::Outcome;
using ledger::Record;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

base::Instant at(int ms) { return base::Instant{std::chrono::milliseconds{1'000 + ms}}; }

// Starts at 1 s of the monotonic clock. Input 1 is lost, input 2 failed, input 3 has no outcome.
ledger::Layout layout() { return {{"stored"}, "p-", {at(0), {}}}; }
std::vector<Record> records() {
  return {Attempt{.id = 0, .key = "p-0", .at = at(0)},
          Outcome{0, Acknowledged{1}, at(1)},
          Delivery{"p-0", 1, 1, at(2)},
          Effect{0, "p-0", 1, at(3)},
          Attempt{.id = 1, .key = "mine", .at = at(10)},
          Outcome{1, Acknowledged{2}, at(11)},
          Delivery{"mine", 2, 1, at(12)},
          Attempt{.id = 2, .key = "p-2", .at = at(20)},
          Outcome{2, Failed{"no"}, at(21)},
          Attempt{.id = 3, .key = "p-3", .at = at(30)},
          ledger::Circumstance(
              ledger::FaultStruck{.number = 1, .target = "orders", .servers_struck = 0, .at = at(31)})};
}

// The numbers of the records that are wanted.
std::vector<int> wanted(const FilterWords& words) {
  auto filter = LedgerFilter::make(words);
  EXPECT_TRUE(filter) << filter.error().message();
  ledger::Ledger ledger(layout());
  for (const Record& record : records()) ledger.add(record);
  if (filter->is_about_inputs()) {
    const auto chosen = filter->choose(ledger);
    EXPECT_TRUE(chosen) << chosen.error().message();
  }
  std::vector<int> numbers;
  const std::vector<Record> all = records();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (filter->wants(all[i], layout())) numbers.push_back(static_cast<int>(i));
  }
  return numbers;
}

TEST(LedgerFilter, WithoutWordsWantsEverything) { EXPECT_EQ(wanted({}).size(), records().size()); }

TEST(LedgerFilter, LossesAreAllThatIsKnownOfInputsThatLackAnEffect) {
  EXPECT_THAT(wanted({.lost = true}), ElementsAre(4, 5, 6));
}

TEST(LedgerFilter, InputsAreChosenByKeyByNumberAndByOutcome) {
  EXPECT_THAT(wanted({.keys = {"mine"}}), ElementsAre(4, 5, 6));
  EXPECT_THAT(wanted({.ids = {"0"}}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(wanted({.ids = {"2-3"}}), ElementsAre(7, 8, 9));
  EXPECT_THAT(wanted({.ids = {"0,3"}}), ElementsAre(0, 1, 2, 3, 9));
  EXPECT_THAT(wanted({.outcomes = {"failed,open"}}), ElementsAre(7, 8, 9));
}

TEST(LedgerFilter, RecordsAreChosenByKindAndByTime) {
  EXPECT_THAT(wanted({.kinds = {"effect", "fault_struck"}}), ElementsAre(3, 10));
  EXPECT_THAT(wanted({.from = "11ms", .to = "20ms"}), ElementsAre(5, 6, 7));
}

TEST(LedgerFilter, AllThatIsGivenMustHold) {
  EXPECT_THAT(wanted({.kinds = {"outcome"}, .lost = true}), ElementsAre(5));
  EXPECT_THAT(wanted({.keys = {"p-0"}, .lost = true}), IsEmpty());
}

TEST(LedgerFilter, AWrongWordIsNamedWithThoseThereAre) {
  const auto mistake_in = [](const FilterWords& words) {
    const auto filter = LedgerFilter::make(words);
    return filter ? std::string() : filter.error().message();
  };
  EXPECT_THAT(mistake_in({.outcomes = {"lost"}}),
              HasSubstr("one of open, ok, failed, unknown, not \"lost\""));
  EXPECT_THAT(mistake_in({.kinds = {"efect"}}), HasSubstr("not \"efect\""));
  EXPECT_THAT(mistake_in({.kinds = {"attempt,"}}), HasSubstr("not \"\""));
  EXPECT_THAT(mistake_in({.ids = {"p-3"}}), HasSubstr("--id"));
  EXPECT_THAT(mistake_in({.ids = {"9-3"}}), HasSubstr("--id"));
  EXPECT_THAT(mistake_in({.from = "soon"}), HasSubstr("--from"));
  EXPECT_THAT(mistake_in({.from = "2s", .to = "1s"}), HasSubstr("--to"));
}

TEST(LedgerFilter, AnInputThatIsNotThereIsNamedWithThoseThereAre) {
  ledger::Ledger ledger(layout());
  for (const Record& record : records()) ledger.add(record);
  auto of_key = LedgerFilter::make({.keys = {"p-77"}});
  ASSERT_TRUE(of_key);
  EXPECT_THAT(of_key->choose(ledger).error().message(),
              HasSubstr("no input has the key p-77: it has 4 inputs, the first is p-0 and the last p-3"));
  auto of_id = LedgerFilter::make({.ids = {"4"}});
  ASSERT_TRUE(of_id);
  EXPECT_THAT(of_id->choose(ledger).error().message(), HasSubstr("there is no input 4"));
}

}  // namespace
}  // namespace squall::cli
