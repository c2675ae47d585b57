#include "experiment/notation.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

TEST(Notation, DurationsHaveUnits) {
  EXPECT_EQ(read_duration("250ms"), 250ms);
  EXPECT_EQ(read_duration("1.5s"), 1500ms);
  EXPECT_EQ(read_duration("2 min"), 2min);
  EXPECT_EQ(read_duration("2m"), 2min);
  EXPECT_EQ(read_duration("24h"), 24h);
  EXPECT_EQ(read_duration("50us"), 50us);
  EXPECT_EQ(read_duration("0"), 0s);
  for (const char* wrong :
       {"", "5", "s", "-1s", "1e400s", "nan s", "inf h", "1 sec", "1s2", "0x1s", "1e30s"}) {
    EXPECT_FALSE(read_duration(wrong)) << wrong;
  }
}

TEST(Notation, DurationsAreWrittenAsTheyAreRead) {
  for (const base::Nanos duration :
       std::initializer_list<base::Nanos>{0s, 50us, 250ms, 1s, 1500ms, 90s, 2min, 24h}) {
    EXPECT_EQ(read_duration(write_duration(duration)), duration) << write_duration(duration);
  }
}

TEST(Notation, RatesSizesAndShares) {
  EXPECT_EQ(read_rate("200/s"), 200);
  EXPECT_EQ(read_rate("600/min"), 10);
  EXPECT_FALSE(read_rate("200"));
  EXPECT_EQ(read_size("4096"), 4096);
  EXPECT_EQ(read_size("64KiB"), 65536);
  EXPECT_EQ(read_size("1 MiB"), 1048576);
  EXPECT_FALSE(read_size("1 MB"));
  EXPECT_FALSE(read_size("9223372036854775807KiB"));
  EXPECT_EQ(read_share("5%"), 0.05);
  EXPECT_EQ(read_share("0.05"), 0.05);
}

TEST(Notation, RangesOfSizesAndOfNames) {
  using Sizes = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(read_size_range("4096"), Sizes(4096, 4096));
  EXPECT_EQ(read_size_range("100..4 KiB"), Sizes(100, 4096));
  EXPECT_EQ(read_size_range("1 KiB .. 1 MiB"), Sizes(1024, 1 << 20));
  for (const char* wrong : {"", "..", "5..", "..5", "9..1", "1...2", "-1..5"}) {
    EXPECT_FALSE(read_size_range(wrong)) << wrong;
  }
  using Names = std::vector<std::string>;
  EXPECT_EQ(expand_range("orders"), Names{"orders"});
  EXPECT_EQ(expand_range("a.{8..10}.x"), (Names{"a.8.x", "a.9.x", "a.10.x"}));
  EXPECT_EQ(expand_range("a.${id}"), Names{"a.${id}"});
  EXPECT_EQ(expand_range("${id}.{1..2}"), (Names{"${id}.1", "${id}.2"}));
  for (const char* wrong : {"a.{9..1}", "a.{1..}", "a.{x}", "a.{1..2", "a.{0..1000}", "a.{-1..2}"}) {
    EXPECT_FALSE(expand_range(wrong)) << wrong;
  }
}

TEST(Notation, SubjectsNamesAndUrls) {
  EXPECT_TRUE(is_subject("orders.created"));
  EXPECT_FALSE(is_subject("orders..created"));
  EXPECT_FALSE(is_subject("orders.*"));
  EXPECT_TRUE(is_subject_pattern("orders.*.>"));
  EXPECT_FALSE(is_subject_pattern("orders.>.x"));
  EXPECT_FALSE(is_stream_name("A.B"));
  EXPECT_TRUE(is_name("nats-1"));
  EXPECT_FALSE(is_name("-x"));
  EXPECT_FALSE(is_name("a b"));
  EXPECT_TRUE(is_json_pointer("/a/0/b~1c"));
  EXPECT_FALSE(is_json_pointer("a"));
  EXPECT_FALSE(is_json_pointer("/a~"));
  EXPECT_TRUE(is_nats_url("nats://127.0.0.1:4222"));
  EXPECT_FALSE(is_nats_url("nats://user:secret@host:4222"));
  EXPECT_FALSE(is_http_url("https://x"));
}

}  // namespace
}  // namespace squall::experiment
