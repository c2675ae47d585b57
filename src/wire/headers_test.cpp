#include "wire/headers.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

TEST(Headers, ReadsFieldsAndStatus) {
  const auto block =
      parse_headers("NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 5\r\nEmpty:\r\nA: x: y \r\n\r\n");
  ASSERT_TRUE(block);
  EXPECT_EQ(block->status, 100);
  EXPECT_EQ(block->description, "Idle Heartbeat");
  ASSERT_EQ(block->fields.size(), 3U);
  EXPECT_EQ(block->find("Nats-Last-Consumer"), "5");
  EXPECT_EQ(block->find("Empty"), "");
  EXPECT_EQ(block->find("A"), "x: y");
  EXPECT_EQ(block->find("nats-last-consumer"), std::nullopt) << "names are case-sensitive";
}

TEST(Headers, AStatusMayStandAlone) {
  const auto block = parse_headers("NATS/1.0 503\r\n\r\n");
  ASSERT_TRUE(block);
  EXPECT_EQ(block->status, kStatusNoResponders);
  EXPECT_EQ(block->description, "");
  EXPECT_TRUE(block->fields.empty());
}

TEST(Headers, ABlockWithoutStatusHasNone) {
  EXPECT_EQ(header_status("NATS/1.0\r\nA: 1\r\n\r\n"), 0);
  EXPECT_EQ(header_status(""), 0);
  EXPECT_EQ(header_status("NATS/1.0 5035\r\n\r\n"), 0);
  EXPECT_EQ(header_status("NATS/1.0 50\r\n\r\n"), 0);
}

TEST(Headers, RefusesWhatIsNoBlock) {
  for (const std::string_view bad :
       {"", "HTTP/1.1 200\r\n\r\n", "NATS/1.0", "NATS/1.0\r\n", "NATS/1.0\r\nA: 1\r\n",
        "NATS/1.0\r\nno colon\r\n\r\n", "NATS/1.0\r\n: 1\r\n\r\n", "NATS/1.0\r\n\r\n\r\n",
        "NATS/1.0\r\nA: 1\r\n\r\nB: 2\r\n\r\n"}) {
    EXPECT_FALSE(parse_headers(bad)) << bad;
  }
}

TEST(Headers, FindsAFieldWithoutParsingTheRest) {
  const std::string_view block = "NATS/1.0\r\nNats-Msg-Id-Not: 1\r\nNats-Msg-Id: 2\r\nNats-Msg-Id: 3\r\n\r\n";
  EXPECT_EQ(find_header(block, "Nats-Msg-Id"), "2");
  EXPECT_EQ(find_header(block, "Msg-Id"), std::nullopt);
  EXPECT_EQ(find_header("", "A"), std::nullopt);
}

TEST(Headers, WrittenBlocksReadBack) {
  const std::array fields{Header{"A", "1"}, Header{"B", ""}, Header{"A", "2"}};
  std::string block;
  append_headers(block, fields);
  EXPECT_EQ(block, "NATS/1.0\r\nA: 1\r\nB: \r\nA: 2\r\n\r\n");
  EXPECT_EQ(headers_size(fields), block.size());
  const auto read = parse_headers(block);
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::equal(fields.begin(), fields.end(), read->fields.begin(), read->fields.end()));
}

}  // namespace
}  // namespace squall::wire
