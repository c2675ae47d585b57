#include "router/nats/stored_message.h"

#include <gtest/gtest.h>

namespace router::nats {
namespace {

StoredAnswer read(const char* payload) { return stored_in(Message{.payload = payload}); }

TEST(StoredMessage, IsDecodedWithAndWithoutPadding) {
  for (const auto& [data, text] : {std::pair{"YWJj", "abc"}, {"YWI=", "ab"}, {"YQ==", "a"}}) {
    const auto stored =
        read(fmt::format(R"({{"message":{{"subject":"s","seq":7,"data":"{}"}}}})", data).c_str());
    ASSERT_TRUE(stored) << data;
    EXPECT_EQ(stored->payload, text);
    EXPECT_EQ(stored->sequence, 7U);
  }
}

TEST(StoredMessage, AnEmptyOneHasNoData) {
  const auto stored = read(R"({"message":{"subject":"s","seq":7}})");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->payload, "");
}

TEST(StoredMessage, OnlyA404MeansThatThereIsNone) {
  EXPECT_EQ(read(R"({"error":{"code":404,"err_code":10037}})").error(), NotRead::absent);
  EXPECT_EQ(read(R"({"error":{"code":503}})").error(), NotRead::unavailable);
  EXPECT_EQ(read("").error(), NotRead::unavailable);
  EXPECT_EQ(read(R"({"message":{"subject":"s"}})").error(), NotRead::unavailable);
  EXPECT_EQ(read(R"({"message":{"subject":"s","seq":1,"data":"?"}})").error(), NotRead::unavailable);
  EXPECT_EQ(stored_in(std::unexpected(NoAnswer::timed_out)).error(), NotRead::unavailable);
}

}  // namespace
}  // namespace router::nats
