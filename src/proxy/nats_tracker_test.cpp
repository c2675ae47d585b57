#include "proxy/nats_tracker.h"

#include <gtest/gtest.h>

#include "wire/frame_parser.h"

namespace squall::proxy {
namespace {

using fault::NatsKind;
using wire::Sender;

class NatsTrackerTest : public ::testing::Test {
 protected:
  Sighting client(std::string_view bytes) { return see(Sender::kClient, bytes); }
  Sighting server(std::string_view bytes) { return see(Sender::kServer, bytes); }
  Sighting see(Sender sender, std::string_view bytes) {
    bytes_ = bytes;
    const auto step = wire::parse_frame(bytes_, sender, {}, frame_);
    EXPECT_EQ(step.status, wire::ParseStatus::kComplete) << bytes;
    EXPECT_EQ(step.size, bytes_.size()) << bytes;
    return tracker_.see(sender, frame_);
  }

  NatsTracker tracker_;
  std::string bytes_;
  wire::Frame frame_;
};

TEST_F(NatsTrackerTest, EachKindIsRecognised) {
  struct Case {
    Sender sender;
    const char* bytes;
    NatsKind kind;
  };
  const std::vector<Case> cases{
      {Sender::kServer, "INFO {}\r\n", NatsKind::kInfo},
      {Sender::kClient, "CONNECT {}\r\n", NatsKind::kConnect},
      {Sender::kClient, "PING\r\n", NatsKind::kPing},
      {Sender::kServer, "PONG\r\n", NatsKind::kPong},
      {Sender::kServer, "+OK\r\n", NatsKind::kOk},
      {Sender::kServer, "-ERR 'no'\r\n", NatsKind::kError},
      {Sender::kClient, "SUB a 1\r\n", NatsKind::kSubscribe},
      {Sender::kClient, "UNSUB 1\r\n", NatsKind::kUnsubscribe},
      {Sender::kClient, "PUB a 1\r\nx\r\n", NatsKind::kPublish},
      {Sender::kClient, "PUB $JS.API.CONSUMER.MSG.NEXT.S.C _INBOX.1 1\r\n5\r\n", NatsKind::kPull},
      {Sender::kClient, "PUB $JS.API.STREAM.INFO.S _INBOX.1 0\r\n\r\n", NatsKind::kApiRequest},
      {Sender::kClient, "PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n", NatsKind::kAck},
      {Sender::kClient, "PUB $JS.ACK.S.C.1.2.3.4.5 0\r\n\r\n", NatsKind::kAck},
      {Sender::kClient, "PUB $JS.ACK._.h.S.C.1.2.3.4.5 4\r\n+NXT\r\n", NatsKind::kAck},
      {Sender::kClient, "PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n-NAK\r\n", NatsKind::kNak},
      {Sender::kClient, "PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+WPI\r\n", NatsKind::kProgress},
      {Sender::kClient, "PUB $JS.ACK.S.C.1.2.3.4.5 5\r\n+TERM\r\n", NatsKind::kTerm},
      {Sender::kServer, "MSG a 1 1\r\nx\r\n", NatsKind::kMessage},
      {Sender::kServer, "MSG a 1 $JS.ACK.S.C.1.2.3.4.5 1\r\nx\r\n", NatsKind::kDelivery},
      {Sender::kServer, "HMSG _INBOX.1 1 16 16\r\nNATS/1.0 404\r\n\r\n\r\n", NatsKind::kStatus},
      {Sender::kServer, "MSG _INBOX.1 1 27\r\n{\"stream\":\"ORDERS\",\"seq\":7}\r\n", NatsKind::kPubAck},
      {Sender::kServer, "MSG _INBOX.1 1 26\r\n{\"stream\":\"S\",\"subject\":1}\r\n", NatsKind::kMessage},
      {Sender::kServer, "MSG app.1 1 27\r\n{\"stream\":\"ORDERS\",\"seq\":7}\r\n", NatsKind::kMessage},
  };
  for (const Case& each : cases) EXPECT_EQ(see(each.sender, each.bytes).kind, each.kind) << each.bytes;
}

TEST_F(NatsTrackerTest, AnAckSaysStreamConsumerAndNumbers) {
  const Sighting ack = client("PUB $JS.ACK.ORDERS.worker.2.593.601.4.5 4\r\n+ACK\r\n");
  EXPECT_EQ(ack.stream, "ORDERS");
  EXPECT_EQ(ack.consumer, "worker");
  EXPECT_EQ(ack.stream_seq, 593U);
  EXPECT_EQ(ack.delivered, 2U);
}

TEST_F(NatsTrackerTest, AnAckIsAboutTheMessageThatWasDelivered) {
  tracker_.need({.deliveries = true});
  server("MSG orders.created 1 $JS.ACK.S.C.1.2.3.4.5 1\r\nx\r\n");
  EXPECT_EQ(client("PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+WPI\r\n").about, "orders.created");
  EXPECT_EQ(client("PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n").about, "orders.created");
  EXPECT_EQ(client("PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n").about, "") << "once is enough";
}

TEST_F(NatsTrackerTest, APubAckIsAboutItsPublishOnAnyInbox) {
  tracker_.need({.answers = true});
  client("PUB orders.created my.inbox.7 1\r\nx\r\n");
  const Sighting ack = server("MSG my.inbox.7 1 27\r\n{\"stream\":\"ORDERS\",\"seq\":7}\r\n");
  EXPECT_EQ(ack.kind, NatsKind::kPubAck);
  EXPECT_EQ(ack.about, "orders.created");
  EXPECT_EQ(ack.stream, "ORDERS");
  EXPECT_EQ(ack.stream_seq, 7U);
  EXPECT_EQ(tracker_.pending(), 0U);
}

TEST_F(NatsTrackerTest, AnErrorFromTheStreamIsAPubAckToo) {
  tracker_.need({.answers = true});
  client("PUB orders.created _INBOX.7 1\r\nx\r\n");
  const Sighting ack = server(
      "MSG _INBOX.7 1 "
      "65\r\n{\"error\":{\"code\":503,\"err_code\":10077},\"stream\":\"ORDERS\",\"seq\":0}\r\n");
  EXPECT_EQ(ack.kind, NatsKind::kPubAck);
  EXPECT_EQ(ack.stream, "ORDERS");
}

TEST_F(NatsTrackerTest, AServicesReplyIsAnAnswer) {
  tracker_.need({.answers = true});
  client("PUB price.ask _INBOX.7 1\r\nx\r\n");
  const Sighting answer = server("MSG _INBOX.7 1 2\r\n42\r\n");
  EXPECT_EQ(answer.kind, NatsKind::kAnswer);
  EXPECT_EQ(answer.about, "price.ask");
}

TEST_F(NatsTrackerTest, AnApiAnswerIsAboutStreamAndConsumer) {
  tracker_.need({.answers = true});
  client("PUB $JS.API.CONSUMER.INFO.S.C _INBOX.7 0\r\n\r\n");
  const Sighting answer = server("MSG _INBOX.7 1 2\r\n{}\r\n");
  EXPECT_EQ(answer.kind, NatsKind::kAnswer);
  EXPECT_EQ(answer.about, "$JS.API.CONSUMER.INFO.S.C");
  EXPECT_EQ(answer.stream, "S");
  EXPECT_EQ(answer.consumer, "C");
}

TEST_F(NatsTrackerTest, IsEstablishedByTheFirstPong) {
  server("INFO {}\r\n");
  client("CONNECT {\"name\":\"orders\",\"headers\":true}\r\n");
  client("PING\r\n");
  EXPECT_FALSE(tracker_.established());
  server("PONG\r\n");
  EXPECT_TRUE(tracker_.established());
  EXPECT_EQ(tracker_.client_name(), "orders");
  EXPECT_TRUE(tracker_.takes_headers());
}

TEST_F(NatsTrackerTest, FindsTheSubscriptionOfAnInbox) {
  client("SUB _INBOX.abc.* 7\r\n");
  EXPECT_EQ(tracker_.sid_for("_INBOX.abc.42"), "7");
  EXPECT_FALSE(tracker_.sid_for("_INBOX.xyz.42"));
  client("UNSUB 7\r\n");
  EXPECT_FALSE(tracker_.sid_for("_INBOX.abc.42"));
}

TEST_F(NatsTrackerTest, ASubscriptionThatEndsByItselfIsForgotten) {
  client("SUB _INBOX.1 7\r\n");
  client("UNSUB 7 2\r\n");
  server("MSG _INBOX.1 7 1\r\nx\r\n");
  EXPECT_TRUE(tracker_.sid_for("_INBOX.1"));
  server("MSG _INBOX.1 7 1\r\nx\r\n");
  EXPECT_EQ(tracker_.subscriptions(), 0U);
}

// A client that asks and never listens must not fill our memory.
TEST_F(NatsTrackerTest, MemoryHasABound) {
  tracker_.need({.answers = true, .deliveries = true});
  for (int i = 0; i < 100'000; ++i) {
    client(fmt::format("PUB a _INBOX.{} 0\r\n\r\n", i));
    client(fmt::format("SUB _INBOX.{} {}\r\n", i, i));
  }
  EXPECT_LE(tracker_.pending(), 64U * 1024);
  EXPECT_LE(tracker_.subscriptions(), 64U * 1024);
  EXPECT_EQ(server("MSG _INBOX.99999 1 2\r\n42\r\n").about, "a") << "the youngest are remembered";
}

TEST_F(NatsTrackerTest, NothingIsRememberedThatNobodyNeeds) {
  client("PUB a _INBOX.1 0\r\n\r\n");
  EXPECT_EQ(tracker_.pending(), 0U);
}

}  // namespace
}  // namespace squall::proxy
