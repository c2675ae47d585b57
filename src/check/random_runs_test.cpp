// Tests the tester at random: no verdict against an honest run, and each planted lie is found, by the
// verdicts that it is listed with and by no others. SQUALL_RANDOM_RUNS=1000000 says how many; a few thousand
// otherwise.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "check/availability.h"
#include "check/corrupted.h"
#include "check/dedupe.h"
#include "check/duplicates.h"
#include "check/durability.h"
#include "check/late.h"
#include "check/lost.h"
#include "check/order.h"
#include "check/random_run.h"
#include "check/redelivery.h"
#include "check/soundness.h"
#include "check/unexpected.h"

namespace squall::check {
namespace {

using namespace testing;
using ledger::Delivery;
using ledger::Stored;
using std::chrono::seconds;

std::uint64_t runs(std::uint64_t standard) {
  const char* asked = std::getenv("SQUALL_RANDOM_RUNS");
  return asked == nullptr ? standard : std::strtoull(asked, nullptr, 10);
}

std::set<std::string> failing(const RandomRun& run) {
  const ledger::Ledger ledger = run.folded();
  std::set<std::string> names;
  for (const Verdict& verdict :
       {check_soundness(ledger), check_lost(ledger), check_duplicates(ledger), check_unexpected(ledger),
        check_corrupted(ledger),
        check_late(ledger, {.share = 1, .limit = seconds(2), .disturbances = run.disturbances}),
        check_order(ledger, {.disturbances = run.disturbances}), check_dedupe(ledger),
        check_redelivery(ledger), check_availability(ledger, seconds(2)), check_durability(ledger)}) {
    if (verdict.kind == VerdictKind::fail) names.insert(verdict.checker);
    if (verdict.proves_nothing) names.insert(verdict.checker + " cannot be trusted");
  }
  return names;
}

TEST(RandomRuns, AnHonestOneFlipsNothing) {
  for (std::uint64_t i = 0; i < runs(2'000); ++i) {
    const std::set<std::string> failed = failing(random_run(base::Seed(i).derive("honest run")));
    ASSERT_EQ(failed, std::set<std::string>{}) << "seed " << i;
  }
}

// Told about one acknowledged input that no fault was near. What the faults of the run excuse does not fail.
struct Lie {
  const char* name;
  std::function<void(RandomRun&, const Meant&)> tell;
  std::set<std::string> fails;
  std::string excused = "";  // of them, where the run had a fault
};

template <typename Kind>
void erase_of(RandomRun& run, const std::string& key) {
  std::erase_if(run.records, [&key](const Record& record) {
    const auto* found = std::get_if<Kind>(&record);
    return found != nullptr && found->key == key;
  });
}

const Lie kLies[] = {
    {"drop its effects",
     [](RandomRun& run, const Meant& it) { erase_of<Effect>(run, key_of(it.id)); },
     {"lost", "late"},
     "late"},
    {"drop its first effect",
     [](RandomRun& run, const Meant& it) {
       erase_effects(run.records,
                     [&it](const Effect& e) { return e.stage == kAssignment && e.key == key_of(it.id); });
     },
     {"lost"}},
    {"repeat its effect",
     [](RandomRun& run, const Meant& it) {
       run.records.push_back(Effect{kUsage, key_of(it.id), 100'000, at_ms(4'000), {}});
     },
     {"duplicates"}},
    {"invent an effect",
     [](RandomRun& run, const Meant&) {
       run.records.push_back(Effect{kUsage, "p-100000", 100'000, at_ms(4'000), {}});
     },
     {"unexpected"}},
    {"deliver it again long after its ack",
     [](RandomRun& run, const Meant& it) {
       run.records.push_back(Delivery{key_of(it.id), it.seq, 2, at_ms(4'000), {}});
     },
     {"redelivery"},
     "redelivery"},
    {"store it twice",
     [](RandomRun& run, const Meant& it) {
       const auto end = std::ranges::find_if(run.records, [](const Record& record) {
         const auto* circumstance = std::get_if<ledger::Circumstance>(&record);
         return circumstance != nullptr && std::holds_alternative<ledger::ScanEnded>(*circumstance);
       });
       const auto second = run.records.insert(end, Stored{key_of(it.id), 0, 100'000, at_ms(5'000), {}});
       run.records.insert(second, Stored{key_of(it.id), 0, 100'001, at_ms(5'000), {}});
     },
     {"dedupe"}},
};

TEST(RandomRuns, EachPlantedLieIsFoundByItsVerdictsAndNoOthers) {
  std::uint64_t told = 0;
  for (std::uint64_t i = 0; i < runs(300); ++i) {
    const RandomRun honest = random_run(base::Seed(i).derive("lied about"));
    std::vector<Meant> targets;
    std::ranges::copy_if(honest.inputs, std::back_inserter(targets),
                         [](const Meant& input) { return input.acked && input.quiet && input.seq > 0; });
    if (targets.empty()) continue;
    const Meant& target = targets[base::Seed(i).derive("target").below(targets.size())];
    for (const Lie& lie : kLies) {
      RandomRun run = honest;
      lie.tell(run, target);
      std::set<std::string> fails = lie.fails;
      if (!run.disturbances.empty() && (lie.excused != "redelivery" || run.server_killed)) {
        fails.erase(lie.excused);
      }
      ASSERT_EQ(failing(run), fails) << lie.name << ", seed " << i << ", input " << target.id;
      ++told;
    }
  }
  EXPECT_GT(told, runs(300) * std::size(kLies) * 9 / 10);
}

}  // namespace
}  // namespace squall::check
