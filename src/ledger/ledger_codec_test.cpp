#include "ledger/ledger_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/seed.h"
#include "ledger/crc32c.h"

namespace squall::ledger {
namespace {

using base::Instant;
using base::Seed;
using std::chrono::microseconds;
using testing::HasSubstr;

Layout layout() {
  return {{"assignment", "usage"},
          "req-",
          {Instant{base::Nanos{123'456'789'012'345}}, base::WallInstant{std::chrono::hours{480'000}}}};
}

Instant at(std::int64_t us) { return layout().anchor.mono + microseconds{us}; }

std::vector<Record> every_kind_of_record() {
  return {Attempt{0, "req-0", at(-5)},
          Attempt{1, "order/ü\n\"x\"", at(10)},
          Outcome{0, Acknowledged{1}, at(11)},
          Outcome{1, Acknowledged{1, true}, at(12)},
          Attempt{2, "req-77", at(13)},
          Outcome{2, Failed{"no responders"}, at(14)},
          Attempt{2, "req-77", at(15)},
          Outcome{2, Unknown{"time-out"}, at(3'600'000'000)},
          Outcome{2, Unknown{"time-out"}, at(12)},
          Delivery{"req-0", 1, 4'000'000'000, at(16)},
          Delivery{"", 18'446'744'073'709'551'615U, 1, at(16)},
          Effect{0, "req-0", 5, at(17)},
          Effect{1, "req-18446744073709551615", 6, at(18)},
          Effect{1, "stranger", 0, at(18)},
          Attempt{.id = 3,
                  .key = "req-3",
                  .at = at(30),
                  .intended_at = at(25),
                  .source = 4,
                  .order_key = 4'000'000'000,
                  .checksum = 0xdeadbeef,
                  .filtered = true},
          Attempt{.id = 4, .key = "x", .at = at(31), .source = 4},
          Attempt{.id = 5, .key = "req-5", .at = at(31)},
          Delivery{"req-3", 3, 1, at(32), 7},
          Effect{0, "req-3", 7, at(33), 0xffffffff},
          Confirmed{"req-3", 3, at(34)},
          Stored{"req-3", 0, 3, at(35)},
          Stored{"stranger", 255, 4, at(35), 9},
          Source{4, 2, OperationKind::request, "orders.*", at(36)},
          ScanBegan{1, "ORDERS", Retention::work_queue, at(36)},
          ScanEnded{1, 1, 900, "time-out", at(36)},
          ConsumerState{1, "worker", 7, 9, 1, 2, 5, at(36)},
          Exhausted{1, "worker", 8, at(36)},
          FaultStruck{1, FaultClass::membership, "nats-1", 1, at(36)},
          FaultHealed{1, at(37)},
          Contract{3, true, true, std::chrono::seconds(1), true, "2.9.10", std::chrono::minutes(2), at(38)},
          Contract{.at = at(38)}};
}

struct Written {
  std::string bytes;
  std::vector<std::size_t> frame_ends;  // after each flush
};

// Flushes after every `per_frame` records.
Written write(const std::vector<Record>& records, std::size_t per_frame) {
  Written written;
  Writer writer(layout(), [&](std::string_view bytes) -> base::Result<void> {
    written.bytes += bytes;
    written.frame_ends.push_back(written.bytes.size());
    return {};
  });
  std::size_t in_frame = 0;
  for (const Record& record : records) {
    EXPECT_TRUE(writer.append(record));
    if (++in_frame % per_frame == 0) {
      EXPECT_TRUE(writer.flush());
    }
  }
  EXPECT_TRUE(writer.flush());
  return written;
}

struct Read {
  std::vector<Record> records;
  Layout layout;
  base::Result<Reading> reading;
};

Read read_all(std::string_view bytes) {
  Read all{{}, {}, base::fail("not read")};
  all.reading = read(bytes, {.on_layout = [&](const Layout& layout) { all.layout = layout; },
                             .on_record = [&](const Record& record) { all.records.push_back(record); }});
  return all;
}

TEST(LedgerCodec, ReadsBackWhatWasWritten) {
  for (const std::size_t per_frame : {1U, 3U, 100U}) {
    const Written written = write(every_kind_of_record(), per_frame);
    const Read all = read_all(written.bytes);
    ASSERT_TRUE(all.reading) << all.reading.error().message();
    EXPECT_EQ(all.records, every_kind_of_record());
    EXPECT_EQ(all.reading->records, all.records.size());
    EXPECT_EQ(all.reading->cut_short, std::nullopt);
    EXPECT_EQ(all.reading->good_bytes, written.bytes.size());
    EXPECT_EQ(all.layout.stages, layout().stages);
    EXPECT_EQ(all.layout.anchor.mono, layout().anchor.mono);
    EXPECT_EQ(all.layout.anchor.wall, layout().anchor.wall);
  }
}

TEST(LedgerCodec, AnEmptyLedgerHasAHeadAndNoRecords) {
  const Read all = read_all(write({}, 1).bytes);
  ASSERT_TRUE(all.reading);
  EXPECT_TRUE(all.records.empty());
}

TEST(LedgerCodec, AfterACrashAtAnyByteTheWholeFramesAreReadable) {
  const Written written = write(every_kind_of_record(), 2);
  const std::size_t head_end = write({}, 1).bytes.size();
  for (std::size_t size = 0; size < written.bytes.size(); ++size) {
    const Read all = read_all(std::string_view(written.bytes).substr(0, size));
    if (size < head_end) {
      EXPECT_FALSE(all.reading) << size;
      continue;
    }
    ASSERT_TRUE(all.reading) << size << ": " << all.reading.error().message();
    const auto whole = static_cast<std::size_t>(std::count_if(
        written.frame_ends.begin(), written.frame_ends.end(), [&](std::size_t end) { return end <= size; }));
    EXPECT_EQ(all.records.size(), whole * 2) << size;
    const bool at_a_boundary = size == head_end || (whole > 0 && written.frame_ends[whole - 1] == size);
    EXPECT_EQ(all.reading->cut_short.has_value(), !at_a_boundary) << size;
  }
}

TEST(LedgerCodec, EveryFlippedBitIsNoticed) {
  const Written written = write(every_kind_of_record(), 3);
  const std::vector<Record> honest = every_kind_of_record();
  for (std::size_t bit = 0; bit < written.bytes.size() * 8; ++bit) {
    std::string damaged = written.bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Read all = read_all(damaged);
    if (!all.reading) continue;  // the head
    EXPECT_TRUE(all.reading->cut_short) << "bit " << bit;
    // What is given out before the damage is true.
    ASSERT_LE(all.records.size(), honest.size());
    EXPECT_TRUE(std::equal(all.records.begin(), all.records.end(), honest.begin())) << "bit " << bit;
  }
}

TEST(LedgerCodec, DamageInTheMiddleIsNotTakenForATornEnd) {
  Written written = write(every_kind_of_record(), 2);
  written.bytes[written.frame_ends[1] + 10] ^= 1;
  const Read all = read_all(written.bytes);
  ASSERT_TRUE(all.reading && all.reading->cut_short);
  EXPECT_THAT(*all.reading->cut_short, HasSubstr("damaged"));
  EXPECT_EQ(all.reading->good_bytes, written.frame_ends[1]);
}

TEST(LedgerCodec, HostileFramesWithAValidChecksumDoNoHarm) {
  const std::string head = write({}, 1).bytes;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    const Seed seed = Seed(5).derive(round);
    std::string payload(1, round % 2 == 0 ? '\x01' : '\x02');
    const std::uint64_t size = seed.derive("size").below(40);
    for (std::uint64_t i = 0; i < size; ++i) payload.push_back(static_cast<char>(seed.derive(i).below(256)));
    std::string bytes = head;
    for (const std::uint32_t word : {static_cast<std::uint32_t>(payload.size()), crc32c(payload)}) {
      for (unsigned shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<char>((word >> shift) & 0xff));
    }
    const Read all = read_all(bytes + payload);
    ASSERT_TRUE(all.reading);
    EXPECT_LE(all.records.size(), size * 2 * SentRun::kMostInputs);
  }
}

TEST(LedgerCodec, OtherFilesAreRefusedByName) {
  EXPECT_THAT(read_all("").reading.error().message(), HasSubstr("not a Squall ledger"));
  EXPECT_THAT(read_all("{\"record\":1}").reading.error().message(), HasSubstr("not a Squall ledger"));
  std::string newer = write({}, 1).bytes;
  newer[7] = 5;
  EXPECT_THAT(read_all(newer).reading.error().message(), HasSubstr("version"));
}

// Appends what each puts in.
std::string written_by(const std::function<void(Writer&)>& put) {
  std::string file;
  Writer writer(layout(), [&](std::string_view bytes) -> base::Result<void> {
    file += bytes;
    return {};
  });
  put(writer);
  EXPECT_TRUE(writer.flush());
  return file;
}

TEST(LedgerCodec, ARunIsReadBackAsTheAttemptsAndOutcomesItStandsFor) {
  const SentRun runs[] = {{.first = 0, .inputs = 3, .at = at(10), .source = 2, .reason = "core"},
                          {.first = 3,
                           .inputs = SentRun::kMostInputs,
                           .at = at(12),
                           .source = 2,
                           .order_key = 4'000'000'000,
                           .filtered = true,
                           .reason = "core"}};
  std::vector<Record> same;
  for (const SentRun& run : runs) {
    for (std::uint64_t id = run.first; id < run.first + run.inputs; ++id) {
      same.emplace_back(Attempt{.id = id,
                                .key = "req-" + std::to_string(id),
                                .at = run.at,
                                .source = 2,
                                .order_key = run.order_key,
                                .filtered = run.filtered});
      same.emplace_back(Outcome{id, Unknown{"core"}, run.at});
    }
  }
  // What comes behind it counts its deltas from it.
  same.emplace_back(Attempt{.id = 259, .key = "req-259", .at = at(13), .source = 2});
  const std::string file = written_by([&](Writer& writer) {
    for (const SentRun& run : runs) EXPECT_TRUE(writer.append(run));
    EXPECT_TRUE(writer.append(same.back()));
  });
  const Read all = read_all(file);
  ASSERT_TRUE(all.reading);
  EXPECT_FALSE(all.reading->cut_short);
  EXPECT_EQ(all.records, same);
}

TEST(LedgerCodec, ALedgerOfTheVersionWithoutRunsIsStillRead) {
  std::string older =
      written_by([](Writer& writer) { EXPECT_TRUE(writer.append(Attempt{0, "req-0", at(1)})); });
  older[7] = 2;
  EXPECT_EQ(read_all(older).records, (std::vector<Record>{Attempt{0, "req-0", at(1)}}));
  older[7] = 1;
  EXPECT_THAT(read_all(older).reading.error().message(), HasSubstr("version"));
}

TEST(LedgerCodec, AFailedSinkIsReportedAndTheHeadIsTriedAgain) {
  std::string file;
  bool full = true;
  Writer writer(layout(), [&](std::string_view bytes) -> base::Result<void> {
    if (full) return base::fail("No space left on device");
    file += bytes;
    return {};
  });
  EXPECT_TRUE(writer.append(Attempt{0, "req-0", at(1)}));
  EXPECT_FALSE(writer.flush());
  full = false;
  EXPECT_TRUE(writer.append(Attempt{1, "req-1", at(2)}));
  EXPECT_TRUE(writer.flush());
  const Read all = read_all(file);
  ASSERT_TRUE(all.reading);
  EXPECT_EQ(all.records, (std::vector<Record>{Attempt{1, "req-1", at(2)}}));
}

TEST(LedgerCodec, AMessageWithFourRecordsTakesFewBytes) {
  std::vector<Record> records;
  constexpr std::uint64_t kMessages = 5'000;
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    const auto t = static_cast<std::int64_t>(i * 2'000);
    const std::string key = "req-" + std::to_string(i);
    records.insert(records.end(), {Attempt{i, key, at(t)}, Outcome{i, Acknowledged{i + 1}, at(t + 180)},
                                   Effect{0, key, i + 1, at(t + 900)}, Effect{1, key, i + 1, at(t + 1'700)}});
  }
  const Written written = write(records, records.size());
  EXPECT_LE(written.bytes.size(), kMessages * 20);
  EXPECT_EQ(read_all(written.bytes).records, records);
}

TEST(LedgerCodec, ARecordBecomesOneLineOfJson) {
  EXPECT_EQ(to_jsonl(Outcome{3, Failed{"no responders"}, at(1'500)}, layout()),
            "{\"record\":\"outcome\",\"t_ms\":1.5,\"utc\":\"2024-10-04T00:00:00.001500Z\",\"id\":3,"
            "\"outcome\":\"failed\",\"reason\":\"no responders\"}\n");
  EXPECT_EQ(to_jsonl(Effect{1, "req-3", 9, at(2'000)}, layout()),
            "{\"record\":\"effect\",\"t_ms\":2.0,\"utc\":\"2024-10-04T00:00:00.002000Z\",\"stage\":\"usage\","
            "\"key\":\"req-3\",\"stream_seq\":9}\n");
  // Bytes that are no UTF-8 stay printable.
  EXPECT_THAT(to_jsonl(Attempt{0, "\xff", at(0)}, layout()), HasSubstr("\xef\xbf\xbd"));
}

TEST(Crc32c, MatchesThePublishedCheckValue) { EXPECT_EQ(crc32c("123456789"), 0xe3069283U); }

}  // namespace
}  // namespace squall::ledger
