#include "run/read_back_examples.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "check/late.h"
#include "ledger/ledger_codec.h"

namespace squall::run {
namespace {

using testing::HasSubstr;
using testing::Not;

base::Instant at(int ms) { return base::Instant{std::chrono::milliseconds{ms}}; }

// Input 5 is slow, and so long ago that a ledger that keeps few times has let go of it.
TEST(ReadBackExamples, AnExampleWhoseTimesWereLetGoIsToldInFull) {
  const ledger::Layout layout{{"stored"}, "p-", {base::Instant{}, base::WallInstant{}}};
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / fmt::format("examples-{}.bin", getpid());
  std::ofstream out(file, std::ios::binary);
  ledger::Writer writer(layout, [&out](std::string_view bytes) -> base::Result<void> {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return {};
  });
  ledger::Ledger ledger(layout, {.keep_times = 16});
  const auto record = [&](const ledger::Record& one) {
    ledger.add(one);
    ASSERT_TRUE(writer.append(one));
  };
  for (ledger::OpId id = 0; id < 20'000; ++id) {
    const std::string key = fmt::format("p-{}", id);
    const int t = static_cast<int>(id);
    record(ledger::Attempt{.id = id, .key = key, .at = at(t)});
    record(ledger::Outcome{id, ledger::Acknowledged{id + 1}, at(t + 1)});
    if (id != 5) record(ledger::Effect{0, key, id + 1, at(t + 2)});
    if (id == 905) record(ledger::Effect{0, "p-5", 6, at(t)});
  }
  record(ledger::FaultStruck{.number = 1, .target = "worker", .at = at(17)});
  ASSERT_TRUE(writer.flush());
  out.close();
  std::vector<check::Verdict> checks{
      check::check_late(ledger, {.share = 1, .limit = std::chrono::milliseconds(500), .disturbances = {}})};
  ASSERT_EQ(checks[0].examples.size(), 1U);
  ASSERT_THAT(checks[0].examples[0].facts, HasSubstr("the rest is in the ledger's file"));

  const auto read = read_back_examples(checks, file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(checks[0].examples[0].facts,
              HasSubstr("p-5 · attempted 00:00:00.005 · PubAck 00:00:00.006 (#6) · stored #6 00:00:00.905 · "
                        "attempted 12 ms before fault 1, of worker"));
  EXPECT_THAT(checks[0].examples[0].facts, Not(HasSubstr("the rest")));
  std::filesystem::remove(file);
}

TEST(ReadBackExamples, WithoutTheFileTheExampleSaysWhereTheRestIs) {
  std::vector<check::Verdict> checks(1);
  checks[0].examples.push_back({"p-5", "p-5 · ok · the rest is in the ledger's file", 5});
  EXPECT_FALSE(read_back_examples(checks, "/nowhere/ledger.bin"));
  EXPECT_THAT(checks[0].examples[0].facts, HasSubstr("the rest is in the ledger's file"));
}

}  // namespace
}  // namespace squall::run
