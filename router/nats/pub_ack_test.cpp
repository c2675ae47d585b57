#include "router/nats/pub_ack.h"

#include <gtest/gtest.h>

namespace router::nats {
namespace {

TEST(PubAck, ASequenceWithoutAnErrorIsStored) {
  const auto ack = parse_pub_ack(R"({"stream":"S","seq":7})");
  EXPECT_TRUE(ack.is_stored());
  EXPECT_EQ(ack.sequence, 7U);
  EXPECT_EQ(ack.stream, "S");
  EXPECT_FALSE(ack.duplicate);
}

TEST(PubAck, ADuplicateOfSomethingStoredIsStored) {
  const auto ack = parse_pub_ack(R"({"stream":"S","seq":7,"duplicate":true})");
  EXPECT_TRUE(ack.is_stored());
  EXPECT_TRUE(ack.duplicate);
}

TEST(PubAck, AnErrorIsNeverAnAckEvenWithASequence) {
  const auto ack = parse_pub_ack(
      R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 1"},"stream":"S","seq":0})");
  EXPECT_FALSE(ack.is_stored());
  EXPECT_EQ(ack.error_code, kWrongLastSequence);
  EXPECT_EQ(ack.error, "wrong last sequence: 1");
  EXPECT_FALSE(parse_pub_ack(R"({"error":{"code":503},"seq":3})").is_stored());
  EXPECT_FALSE(parse_pub_ack(R"({"error":{},"seq":3})").is_stored());
}

TEST(PubAck, ADuplicateWithSequenceZeroIsNotStored) {
  EXPECT_FALSE(parse_pub_ack(R"({"seq":0,"duplicate":true})").is_stored());
}

TEST(PubAck, AnythingElseIsAnError) {
  for (const char* bad : {"", "+OK", "[]", "7", "{}", R"({"seq":"7"})", R"({"seq":-1})",
                          R"({"error":"x","seq":1})", R"({"stream":"S","seq":7)"}) {
    const auto ack = parse_pub_ack(bad);
    EXPECT_FALSE(ack.is_stored() && ack.sequence != static_cast<std::uint64_t>(-1)) << bad;
  }
  EXPECT_EQ(parse_pub_ack("+OK").error_code, -1);
}

}  // namespace
}  // namespace router::nats
