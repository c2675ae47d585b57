// What `expect:` makes of the same ledger: each promise fails by its lies, and by no others.
#include "run/message_judgement.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/honest_ledger.h"

namespace squall::run {
namespace {

using namespace check::testing;
using experiment::Effects;

enum class Lie { none, lose_one, double_one, invent_one };

ledger::Ledger told(Lie lie, std::uint64_t seed) {
  Records records = honest_records(base::Seed(seed), 200);
  const std::string key = key_of(ids_that_ended<Acknowledged>(records).at(9));
  switch (lie) {
    case Lie::none:
      break;
    case Lie::lose_one:
      erase_effects(records, [&key](const Effect& effect) { return effect.key == key; });
      break;
    case Lie::double_one:
      records.push_back(Effect{kUsage, key, 1'000'000, at_us(999'999)});
      break;
    case Lie::invent_one:
      records.push_back(Effect{kUsage, "p-1000000", 1'000'000, at_us(999'999)});
      break;
  }
  return fold(records);
}

// As the parser leaves them for `expect: {effects: …}`.
experiment::Experiment expecting(Effects effects) {
  experiment::Experiment experiment;
  experiment.workload.effects.push_back({});
  experiment.expect.effects = effects;
  if (effects == Effects::kAtLeastOnce) experiment.expect.duplicates.reset();
  if (effects == Effects::kAtMostOnce) experiment.expect.lost = {{}, {}, {}, {}};
  return experiment;
}

std::vector<std::string> failed(const report::CaseReport& report) {
  std::vector<std::string> names;
  for (const report::Assertion& assertion : report.assertions) {
    if (!assertion.ok) names.push_back(assertion.text);
  }
  return names;
}

struct Case {
  Effects effects;
  Lie lie;
  std::vector<std::string> fails;
};

TEST(MessageJudgement, EachPromiseFailsByItsLiesAndNoOthers) {
  const Case cases[] = {{Effects::kExactlyOnce, Lie::none, {}},
                        {Effects::kExactlyOnce, Lie::lose_one, {"lost"}},
                        {Effects::kExactlyOnce, Lie::double_one, {"duplicates"}},
                        {Effects::kExactlyOnce, Lie::invent_one, {"unexpected"}},
                        {Effects::kAtLeastOnce, Lie::none, {}},
                        {Effects::kAtLeastOnce, Lie::lose_one, {"lost"}},
                        {Effects::kAtLeastOnce, Lie::double_one, {}},
                        {Effects::kAtLeastOnce, Lie::invent_one, {"unexpected"}},
                        {Effects::kAtMostOnce, Lie::none, {}},
                        {Effects::kAtMostOnce, Lie::lose_one, {}},
                        {Effects::kAtMostOnce, Lie::double_one, {"duplicates"}},
                        {Effects::kAtMostOnce, Lie::invent_one, {"unexpected"}}};
  for (const Case& one : cases) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(fmt::format("promise {}, lie {}, seed {}", static_cast<int>(one.effects),
                               static_cast<int>(one.lie), seed));
      report::CaseReport report;
      report.verdict = check::VerdictKind::pass;
      judge_messages(report, expecting(one.effects), told(one.lie, seed), {});
      EXPECT_EQ(failed(report), one.fails);
      EXPECT_EQ(report.totals.lost, one.lie == Lie::lose_one ? 1U : 0U);
      EXPECT_EQ(report.totals.duplicated, one.lie == Lie::double_one ? 1U : 0U);
      for (const check::Verdict& check : report.checks) {
        EXPECT_EQ(check.kind == check::VerdictKind::fail,
                  std::ranges::find(one.fails, check.checker) != one.fails.end())
            << check.checker;
      }
    }
  }
}

}  // namespace
}  // namespace squall::run
