#include "wire/frame_writer.h"

#include <gtest/gtest.h>

#include "wire/frame_parser.h"

namespace squall::wire {
namespace {

std::string written(const Frame& frame) {
  std::string out;
  append_frame(out, frame);
  return out;
}

TEST(WireWriter, WritesTheCanonicalForm) {
  EXPECT_EQ(written(Info{"{}"}), "INFO {}\r\n");
  EXPECT_EQ(written(Connect{"{}"}), "CONNECT {}\r\n");
  EXPECT_EQ(written(Pub{"a", "", "", "hi"}), "PUB a 2\r\nhi\r\n");
  EXPECT_EQ(written(Pub{"a", "r", "NATS/1.0\r\n\r\n", "hi"}), "HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  EXPECT_EQ(written(Sub{"a", "q", "1"}), "SUB a q 1\r\n");
  EXPECT_EQ(written(Unsub{"1", 3}), "UNSUB 1 3\r\n");
  EXPECT_EQ(written(Msg{"a", "1", "r", "", "hi"}), "MSG a 1 r 2\r\nhi\r\n");
  EXPECT_EQ(written(Msg{"a", "1", "", "NATS/1.0 503\r\n\r\n", ""}),
            "HMSG a 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
  EXPECT_EQ(written(Err{"Stale Connection"}), "-ERR 'Stale Connection'\r\n");
}

TEST(WireWriter, ReadingBackGivesTheSameFrame) {
  const std::vector<std::pair<Frame, Sender>> frames{
      {Info{R"({"port":4222})"}, Sender::kServer},
      {Connect{R"({"name":"x"})"}, Sender::kClient},
      {Pub{"a.b.c", "", "", ""}, Sender::kClient},
      {Pub{"a.b.c", "_INBOX.1", "NATS/1.0\r\nA: b\r\n\r\n", "payload"}, Sender::kClient},
      {Sub{"a.>", "", "12"}, Sender::kClient},
      {Sub{"a.>", "queue", "12"}, Sender::kClient},
      {Unsub{"12", std::nullopt}, Sender::kClient},
      {Unsub{"12", 0}, Sender::kClient},
      {Msg{"a.b.c", "12", "$JS.ACK.S.C.1.2.3.4.5", "", "\r\n"}, Sender::kServer},
      {Msg{"a.b.c", "12", "", "NATS/1.0 404 No Messages\r\n\r\n", ""}, Sender::kServer},
      {Ping{}, Sender::kClient},
      {Pong{}, Sender::kServer},
      {Ok{}, Sender::kServer},
      {Err{"it's 'quoted'"}, Sender::kServer},
      {Err{""}, Sender::kServer}};
  for (const auto& [frame, sender] : frames) {
    const std::string bytes = written(frame);
    Frame read;
    const ParseStep step = parse_frame(bytes, sender, {}, read);
    ASSERT_EQ(step.status, ParseStatus::kComplete) << bytes;
    EXPECT_EQ(step.size, bytes.size());
    EXPECT_EQ(read, frame) << bytes;
  }
}

TEST(WireWriter, PublishingWithFieldsIsAPubWithTheirBlock) {
  const std::array fields{Header{"Nats-Msg-Id", "r-1"}, Header{"Squall-Run", "9f2c"}};
  std::string block;
  append_headers(block, fields);
  std::string direct;
  append_publish(direct, "orders.created", "_INBOX.1", fields, "{}");
  EXPECT_EQ(direct, written(Pub{"orders.created", "_INBOX.1", block, "{}"}));
  std::string plain;
  append_publish(plain, "orders.created", "", {}, "{}");
  EXPECT_EQ(plain, "PUB orders.created 2\r\n{}\r\n");
}

TEST(Frame, NamesItsVerb) {
  EXPECT_EQ(verb_name(Pub{"a", "", "NATS/1.0\r\n\r\n", ""}), "HPUB");
  EXPECT_EQ(verb_name(Pub{"a", "", "", ""}), "PUB");
  EXPECT_EQ(verb_name(Err{"x"}), "-ERR");
}

TEST(Frame, OnlyPermissionsAndSubjectsAreNoReasonToClose) {
  EXPECT_FALSE(is_fatal(Err{"Permissions Violation for Publish to \"a\""}));
  EXPECT_FALSE(is_fatal(Err{"Invalid Subject"}));
  EXPECT_FALSE(is_fatal(Err{"Invalid Publish Subject"}));
  EXPECT_TRUE(is_fatal(Err{"Stale Connection"}));
  EXPECT_TRUE(is_fatal(Err{"Authorization Violation"}));
  EXPECT_TRUE(is_fatal(Err{"Unknown Protocol Operation"}));
}

}  // namespace
}  // namespace squall::wire
