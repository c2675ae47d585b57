#include "proxy/delivery_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/frame_parser.h"

namespace squall::proxy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Sender;

constexpr base::Instant kNow{std::chrono::seconds(7)};

class DeliveryWatchTest : public ::testing::Test {
 protected:
  void see(Sender sender, const std::string& bytes) {
    wire::Frame frame;
    ASSERT_EQ(wire::parse_frame(bytes, sender, {}, frame).size, bytes.size()) << bytes;
    watch.see(frame, kNow);
  }
  void deliver(const std::string& payload, int delivered = 1, const std::string& consumer = "worker") {
    see(Sender::kServer, fmt::format("MSG orders.created 1 $JS.ACK.ORDERS.{}.{}.12.9.5.0 {}\r\n{}\r\n",
                                     consumer, delivered, payload.size(), payload));
  }
  std::optional<std::uint64_t> number_of(const std::string& payload) {
    deliver(payload);
    const auto seen = watch.take();
    return seen.size() == 1 ? std::optional(seen[0].number) : std::nullopt;
  }

  DeliveryWatch watch{{.stream = "ORDERS", .consumer = "worker", .key_prefix = "3f2a-"}};
};

TEST_F(DeliveryWatchTest, AnInputIsKnownByItsIdentityWhereverItStands) {
  EXPECT_EQ(number_of(R"({"order_id":"3f2a-17","amount":3})"), 17U);
  EXPECT_EQ(number_of("3f2a-0"), 0U);
  see(Sender::kServer,
      "HMSG orders.created 1 $JS.ACK.ORDERS.worker.2.12.9.5.0 33 35\r\nNATS/1.0\r\nNats-Msg-Id: "
      "3f2a-8\r\n\r\n{}\r\n");
  see(Sender::kServer, "MSG orders.3f2a-9 1 $JS.ACK.ORDERS.worker.1.13.10.5.0 2\r\n{}\r\n");
  EXPECT_THAT(watch.take(),
              ElementsAre(HandedOut{.number = 8, .stream_seq = 12, .delivered = 2, .at = kNow},
                          HandedOut{.number = 9, .stream_seq = 13, .delivered = 1, .at = kNow}));
}

TEST_F(DeliveryWatchTest, WhatOnlyLooksLikeAnIdentityIsNone) {
  for (const char* other : {"", "{}", "3f2a-", "3f2a-x", "a3f2a-1", "3f2a-1f", "9-3f2a-1", "3f2a-1-2",
                            "3f2a-99999999999999999999999"}) {
    EXPECT_EQ(number_of(other), std::nullopt) << other;
  }
  EXPECT_EQ(number_of("a3f2a-1 3f2a- 3f2a-4"), 4U);
}

TEST_F(DeliveryWatchTest, OtherConsumersStreamsAndMessagesAreNotLookedAt) {
  deliver("3f2a-1", 1, "audit");
  see(Sender::kServer, "MSG orders.created 1 $JS.ACK.OTHER.worker.1.12.9.5.0 6\r\n3f2a-1\r\n");
  see(Sender::kServer, "MSG orders.created 1 6\r\n3f2a-1\r\n");
  see(Sender::kClient, "PUB orders.confirmed 6\r\n3f2a-1\r\n");
  EXPECT_THAT(watch.take(), IsEmpty());
}

TEST_F(DeliveryWatchTest, AnAckCountsOnceTheServerHasConfirmedIt) {
  deliver("3f2a-5", 3);
  watch.take();
  see(Sender::kClient, "PUB $JS.ACK.ORDERS.worker.3.12.9.5.0 _INBOX.a 4\r\n+ACK\r\n");
  EXPECT_TRUE(watch.empty());
  see(Sender::kServer, "MSG _INBOX.b 1 0\r\n\r\n");
  EXPECT_TRUE(watch.empty());
  see(Sender::kServer, "MSG _INBOX.a 1 0\r\n\r\n");
  EXPECT_THAT(watch.take(),
              ElementsAre(HandedOut{.number = 5, .stream_seq = 12, .delivered = 0, .at = kNow}));
  // Once.
  see(Sender::kServer, "MSG _INBOX.a 1 0\r\n\r\n");
  EXPECT_TRUE(watch.empty());
}

TEST_F(DeliveryWatchTest, NoOtherAnswerConfirmsAnything) {
  deliver("3f2a-5");
  deliver("nobody's");
  watch.take();
  // A nak, one without an inbox, one that is answered by a 503, one of a message that is not ours.
  see(Sender::kClient, "PUB $JS.ACK.ORDERS.worker.1.12.9.5.0 _INBOX.a 4\r\n-NAK\r\n");
  see(Sender::kServer, "MSG _INBOX.a 1 0\r\n\r\n");
  see(Sender::kClient, "PUB $JS.ACK.ORDERS.worker.1.12.9.5.0 4\r\n+ACK\r\n");
  see(Sender::kClient, "PUB $JS.ACK.ORDERS.worker.1.12.9.5.0 _INBOX.b 4\r\n+ACK\r\n");
  see(Sender::kServer, "HMSG _INBOX.b 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
  see(Sender::kClient, "PUB $JS.ACK.ORDERS.other.1.12.9.5.0 _INBOX.c 4\r\n+ACK\r\n");
  see(Sender::kServer, "MSG _INBOX.c 1 0\r\n\r\n");
  EXPECT_TRUE(watch.empty());
}

}  // namespace
}  // namespace squall::proxy
