#include "proxy/nats_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fault/nats_presets.h"
#include "wire/frame_parser.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using fault::Moment;
using fault::NatsKind;
using nlohmann::json;
using wire::Sender;
using End = NatsDecision::End;

std::string ack(int seq) { return fmt::format("PUB $JS.ACK.S.C.1.{0}.{0}.5.0 4\r\n+ACK\r\n", seq); }
std::string delivery(int seq) {
  return fmt::format("MSG orders.a 1 $JS.ACK.S.C.1.{0}.{0}.5.0 1\r\nx\r\n", seq);
}
constexpr const char* kPublish = "PUB out.a _INBOX.a.1 2\r\nhi\r\n";
constexpr const char* kPubAck = "MSG _INBOX.a.1 2 22\r\n{\"stream\":\"S\",\"seq\":7}\r\n";

// A data path without sockets: what comes goes through the connection, and what it lets pass is written at
// once.
class Wire {
 public:
  explicit Wire(NatsLink& link, std::uint64_t number = 1) : connection_(link, number, [this] { ++wakes; }) {
    client("CONNECT {\"name\":\"orders-1\"}\r\n");
    client("PING\r\n");
    server("PONG\r\n");
    client("SUB _INBOX.a.* 2\r\n");
    to_server.clear();
    to_client.clear();
  }
  void client(std::string_view bytes) { frame(Sender::kClient, bytes); }
  void server(std::string_view bytes) { frame(Sender::kServer, bytes); }
  void pass_time(base::Nanos time) {
    now_ += time;
    connection_.tick(now_);
    flush();
  }
  void flush() {
    for (const Sender sender : {Sender::kClient, Sender::kServer}) write(sender, {});
  }
  NatsConnection& connection() { return connection_; }

  std::string to_server;
  std::string to_client;
  int wakes = 0;

 private:
  void frame(Sender sender, std::string_view bytes) {
    const std::string came(bytes);
    wire::Frame frame;
    ASSERT_EQ(wire::parse_frame(came, sender, {}, frame).size, came.size()) << bytes;
    const auto passage = connection_.frame(sender, frame, came, now_);
    write(sender, passage == NatsConnection::Passage::kAsItIs ? came : std::string());
    flush();
  }
  void write(Sender sender, std::string_view bytes) {
    std::string& to = sender == Sender::kClient ? to_server : to_client;
    std::string& output = connection_.output(sender);
    if (bytes.empty() && output.empty()) return;
    to.append(bytes).append(output);
    output.clear();
    connection_.wrote(sender);
  }

  base::Instant now_{};
  NatsConnection connection_;
};

class NatsLinkTest : public ::testing::Test {
 protected:
  void preset(std::string_view name, const json& attributes = json::object()) {
    auto fault = fault::nats_preset(std::string(name), name, attributes);
    ASSERT_TRUE(fault) << fault.error().message();
    add(*std::move(fault));
  }
  void add(fault::NatsFault fault) {
    const auto added = link_.add(std::move(fault), {});
    ASSERT_TRUE(added) << added.error().message();
  }

  std::vector<MomentEvent> events_;
  NatsLink link_{base::Seed(7), [this](const MomentEvent& event) { events_.push_back(event); }};
  Wire wire_{link_};
};

TEST_F(NatsLinkTest, WithoutFaultsBytesAreAsTheyCame) {
  wire_.client("pub  a\t1\r\nx\r\n");
  EXPECT_EQ(wire_.to_server, "pub  a\t1\r\nx\r\n");
  preset("ack_drop");
  wire_.client("pub  a\t1\r\nx\r\n");
  EXPECT_EQ(wire_.to_server, "pub  a\t1\r\nx\r\npub  a\t1\r\nx\r\n") << "nor with one that does not strike";
}

TEST_F(NatsLinkTest, DelayedFramesPassInOrderAndOthersOvertakeThem) {
  preset("ack_delay", {{"delay_ms", 100}});
  wire_.client(ack(1));
  wire_.client(kPublish);
  EXPECT_EQ(wire_.to_server, kPublish);
  wire_.pass_time(99ms);
  wire_.client(ack(2));
  EXPECT_EQ(wire_.to_server, kPublish);
  EXPECT_EQ(link_.held_bytes(), 2 * ack(1).size());
  EXPECT_TRUE(wire_.connection().delays(Sender::kClient));
  wire_.pass_time(1ms);
  EXPECT_EQ(wire_.to_server, kPublish + ack(1));
  ASSERT_TRUE(wire_.connection().due());
  wire_.pass_time(99ms);
  EXPECT_EQ(wire_.to_server, kPublish + ack(1) + ack(2));
  EXPECT_FALSE(wire_.connection().due());
  EXPECT_EQ(link_.held_bytes(), 0U);
}

TEST_F(NatsLinkTest, JitterDoesNotReorder) {
  preset("ack_delay", {{"delay_ms", 100}, {"jitter_ms", 90}});
  std::string all;
  for (int i = 1; i <= 50; ++i) {
    wire_.client(ack(i));
    all += ack(i);
  }
  wire_.pass_time(190ms);
  EXPECT_EQ(wire_.to_server, all);
}

TEST_F(NatsLinkTest, HealLetsEverythingPassThatIsHeld) {
  add({.name = "hold", .match = {.kinds = {NatsKind::kAck}}, .action = fault::NatsHold{}});
  preset("puback_delay", {{"delay_ms", 60'000}});
  wire_.client(ack(1));
  wire_.client(ack(2));
  wire_.server(kPubAck);
  wire_.pass_time(50s);
  EXPECT_EQ(wire_.to_server, "");
  EXPECT_EQ(wire_.to_client, "");
  EXPECT_TRUE(link_.remove("hold"));
  EXPECT_EQ(wire_.wakes, 1) << "the data path is told";
  link_.remove_all();
  wire_.flush();
  EXPECT_EQ(wire_.to_server, ack(1) + ack(2));
  EXPECT_EQ(wire_.to_client, kPubAck);
  EXPECT_FALSE(link_.remove("hold"));
  wire_.client(ack(3));
  EXPECT_EQ(wire_.to_server, ack(1) + ack(2) + ack(3)) << "as new";
}

TEST_F(NatsLinkTest, DuplicatesFollowTheirFrame) {
  preset("deliver_duplicate", {{"copies", 2}, {"count", 1}});
  wire_.server(delivery(1));
  wire_.server(delivery(2));
  EXPECT_EQ(wire_.to_client, delivery(1) + delivery(1) + delivery(1) + delivery(2));
}

TEST_F(NatsLinkTest, ReorderingSwapsNeighbours) {
  add({.name = "swap",
       .match = {.kinds = {NatsKind::kDelivery}},
       .action = fault::NatsReorder{.within = 1s}});
  for (int i = 1; i <= 4; ++i) wire_.server(delivery(i));
  EXPECT_EQ(wire_.to_client, delivery(2) + delivery(1) + delivery(4) + delivery(3));
  wire_.server(delivery(5));
  wire_.pass_time(1s);
  EXPECT_EQ(wire_.to_client, delivery(2) + delivery(1) + delivery(4) + delivery(3) + delivery(5))
      << "the last one waits for nobody";
}

TEST_F(NatsLinkTest, AnErrorReachesTheClientAndTheConnectionEnds) {
  preset("max_payload", {{"bytes", 1}});
  wire_.client(kPublish);
  EXPECT_EQ(wire_.to_client, "-ERR 'Maximum Payload Violation'\r\n");
  EXPECT_EQ(wire_.connection().end(), End::kClose);
  wire_.client("PUB a 0\r\n\r\n");
  EXPECT_EQ(wire_.to_server, "") << "nothing passes any more";
}

TEST_F(NatsLinkTest, AConnectionFaultStrikesAtOnceAndOnlyWhatLives) {
  preset("stale_connection");
  EXPECT_EQ(wire_.wakes, 1);
  wire_.flush();
  EXPECT_EQ(wire_.to_client, "-ERR 'Stale Connection'\r\n");
  EXPECT_EQ(wire_.connection().end(), End::kClose);
  Wire next(link_, 2);
  next.client(kPublish);
  EXPECT_EQ(next.to_server, kPublish);
  EXPECT_EQ(next.connection().end(), End::kNone);
}

TEST_F(NatsLinkTest, NewConnectionsAreStruckWhenEstablishedIfAskedFor) {
  preset("slow_consumer", {{"new_connections", true}});
  Wire next(link_, 2);
  for (Wire* wire : {&wire_, &next}) {
    EXPECT_FALSE(wire->connection().reads(Sender::kServer));
    EXPECT_TRUE(wire->connection().reads(Sender::kClient));
  }
  link_.remove("slow_consumer");
  for (Wire* wire : {&wire_, &next}) EXPECT_TRUE(wire->connection().reads(Sender::kServer));
}

TEST_F(NatsLinkTest, BeforeAckHoldsTheAckAndAllBehindIt) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kBeforeAck, .subject = "orders.*", .consumer = "C"}));
  wire_.server(delivery(7));
  wire_.client(kPublish);
  wire_.client(ack(7));
  wire_.client("PUB later 0\r\n\r\n");
  EXPECT_EQ(wire_.to_server, kPublish);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(describe(events_[0]), "before_ack of S#7 by orders-1 (C, delivery 1, orders.a)");
  wire_.server(delivery(8));
  EXPECT_EQ(wire_.to_client, delivery(7) + delivery(8)) << "the other direction goes on";
  EXPECT_TRUE(link_.release(events_[0].id, Release::kPass));
  wire_.flush();
  EXPECT_EQ(wire_.to_server, kPublish + ack(7) + "PUB later 0\r\n\r\n");
  wire_.client(ack(8));
  EXPECT_EQ(events_.size(), 1U) << "once";
  EXPECT_FALSE(link_.release(events_[0].id, Release::kPass));
  EXPECT_EQ(link_.held_bytes(), 0U);
}

TEST_F(NatsLinkTest, AHeldFrameCanBeDropped) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kBeforeAck}));
  wire_.client(ack(1));
  wire_.client(kPublish);
  link_.release(events_.at(0).id, Release::kDrop);
  wire_.flush();
  EXPECT_EQ(wire_.to_server, kPublish);
}

TEST_F(NatsLinkTest, ACutLeavesNothingOfWhatWasHeld) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kBeforeAck}));
  wire_.client(ack(1));
  wire_.client(kPublish);
  link_.release(events_.at(0).id, Release::kCut);
  wire_.flush();
  EXPECT_EQ(wire_.to_server, "");
  EXPECT_EQ(wire_.connection().end(), End::kReset);
  EXPECT_EQ(link_.held_bytes(), 0U);
}

TEST_F(NatsLinkTest, AfterAckIsAnnouncedWhenTheAckIsWrittenAndHoldsTheRest) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kAfterAck}));
  wire_.client(ack(1));
  EXPECT_EQ(wire_.to_server, ack(1));
  ASSERT_EQ(events_.size(), 1U);
  wire_.client(kPublish);
  EXPECT_EQ(wire_.to_server, ack(1));
  wire_.connection().closed(Sender::kClient);  // it was killed
  wire_.flush();
  EXPECT_EQ(wire_.to_server, ack(1)) << "what a dead client had sent after its ack never arrives";
  EXPECT_EQ(link_.held_bytes(), 0U);
  EXPECT_FALSE(link_.release(events_[0].id, Release::kPass));
}

TEST_F(NatsLinkTest, AfterStoreHoldsThePubAckOfASuccess) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kAfterStore, .subject = "out.>"}));
  wire_.client(kPublish);
  EXPECT_EQ(wire_.to_server, kPublish);
  wire_.server(kPubAck);
  EXPECT_EQ(wire_.to_client, "");
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(describe(events_[0]), "after_store of S#7 by orders-1 (out.a)");
}

TEST_F(NatsLinkTest, TheNthDeliveryOfASubject) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kNthDelivery, .subject = "orders.>", .nth = 3}));
  for (int i = 1; i <= 3; ++i) wire_.server(delivery(i));
  EXPECT_EQ(wire_.to_client, delivery(1) + delivery(2));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].stream_seq, 3U);
}

TEST_F(NatsLinkTest, AScheduleMeansTheNthDeliveryOfOneMessage) {
  ASSERT_TRUE(link_.arm(watch_of({.moment = Moment::kNthDelivery, .nth = 2})));
  wire_.server(delivery(1));
  wire_.server(delivery(2));
  EXPECT_TRUE(events_.empty());
  wire_.server("MSG orders.a 1 $JS.ACK.S.C.2.1.3.5.0 1\r\nx\r\n");
  EXPECT_EQ(events_.size(), 1U);
}

TEST_F(NatsLinkTest, NobodyReleasingEndsAMomentToo) {
  ASSERT_TRUE(link_.arm({.moment = Moment::kBeforeAck, .longest = 2s}));
  wire_.client(ack(1));
  ASSERT_TRUE(wire_.connection().due());
  wire_.pass_time(2s);
  EXPECT_EQ(wire_.to_server, ack(1));
  EXPECT_EQ(link_.moments_timed_out(), 1U);
}

TEST_F(NatsLinkTest, AMomentForEachComesAgainAndCanBeDisarmed) {
  const auto watch = link_.arm({.moment = Moment::kBeforeAck, .nth = 2, .each = true});
  ASSERT_TRUE(watch);
  for (int i = 1; i <= 4; ++i) {
    wire_.client(ack(i));
    if (!events_.empty()) link_.release(events_.back().id, Release::kPass);
  }
  EXPECT_EQ(events_.size(), 2U);
  EXPECT_TRUE(link_.disarm(*watch));
  EXPECT_FALSE(link_.disarm(*watch));
  for (int i = 5; i <= 8; ++i) wire_.client(ack(i));
  EXPECT_EQ(events_.size(), 2U);
}

TEST_F(NatsLinkTest, MomentsThatCannotBeAreRefused) {
  EXPECT_FALSE(link_.arm({.subject = "a..b"}));
  EXPECT_FALSE(link_.arm({.nth = 0}));
  EXPECT_FALSE(link_.arm({.longest = 0ns}));
}

TEST_F(NatsLinkTest, AGoneConnectionHoldsNothing) {
  preset("ack_delay", {{"delay_ms", 100}});
  {
    Wire next(link_, 2);
    next.client(ack(1));
    EXPECT_GT(link_.held_bytes(), 0U);
  }
  EXPECT_EQ(link_.held_bytes(), 0U);
}

TEST_F(NatsLinkTest, WhatIsHandedOutIsToldUnlessAFaultDropsIt) {
  link_.watch_deliveries(WatchedDeliveries{.stream = "S", .consumer = "C", .key_prefix = "k-"});
  Wire wire(link_);
  const auto deliver = [&](int number) {
    const std::string payload = fmt::format("k-{}", number);
    wire.server(fmt::format("MSG orders.a 1 $JS.ACK.S.C.1.{0}.{0}.5.0 {1}\r\n{2}\r\n", number, payload.size(),
                            payload));
  };
  const auto told = [&] {
    std::vector<std::uint64_t> numbers;
    for (const HandedOut& one : link_.handed_out()) numbers.push_back(one.number);
    return numbers;
  };
  EXPECT_TRUE(wire.connection().needs_whole_frames(Sender::kServer));
  deliver(1);
  EXPECT_THAT(told(), testing::ElementsAre(1));
  preset("deliver_drop", {{"count", 1}});
  deliver(2);
  deliver(3);
  EXPECT_THAT(told(), testing::ElementsAre(3));
  EXPECT_FALSE(link_.has_handed_out());
}

}  // namespace
}  // namespace squall::proxy
