#include "wire/jetstream_wire.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

TEST(AckSubject, ReadsTheNineTokenForm) {
  const auto ack = parse_ack_subject("$JS.ACK.ORDERS.worker.2.593.601.1763886672604123456.17");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->domain, "");
  EXPECT_EQ(ack->stream, "ORDERS");
  EXPECT_EQ(ack->consumer, "worker");
  EXPECT_EQ(ack->delivered, 2U);
  EXPECT_EQ(ack->stream_seq, 593U);
  EXPECT_EQ(ack->consumer_seq, 601U);
  EXPECT_EQ(ack->stored_at.time_since_epoch().count(), 1763886672604123456);
  EXPECT_EQ(ack->num_pending, 17U);
}

TEST(AckSubject, ReadsElevenTokensAndMore) {
  for (const std::string_view subject :
       {"$JS.ACK._.hash.ORDERS.worker.1.2.3.4.5", "$JS.ACK._.hash.ORDERS.worker.1.2.3.4.5.rnd",
        "$JS.ACK._.hash.ORDERS.worker.1.2.3.4.5.rnd.more"}) {
    const auto ack = parse_ack_subject(subject);
    ASSERT_TRUE(ack) << subject;
    EXPECT_EQ(ack->domain, "");
    EXPECT_EQ(ack->account_hash, "hash");
    EXPECT_EQ(ack->stream, "ORDERS");
    EXPECT_EQ(ack->consumer, "worker");
    EXPECT_EQ(ack->num_pending, 5U);
  }
  EXPECT_EQ(parse_ack_subject("$JS.ACK.hub.hash.S.C.1.2.3.4.5")->domain, "hub");
}

TEST(AckSubject, RefusesEverythingElse) {
  for (const std::string_view subject :
       {"", "$JS.ACK.", "$JS.ACK.S.C.1.2.3.4", "$JS.ACK.S.C.1.2.3.4.5.6", "$JS.ACK.S.C.x.2.3.4.5",
        "$JS.ACK.S.C.1.2.3.-4.5", "$JS.ACK.S.C.1..3.4.5", "$JS.ACK.S.C.1.2.3.18446744073709551615.5",
        "$JS.FC.S.C.1.2.3.4.5", "js.ack.S.C.1.2.3.4.5"}) {
    EXPECT_FALSE(parse_ack_subject(subject)) << subject;
  }
}

TEST(AckVerb, IsReadAsTheServerReadsIt) {
  EXPECT_EQ(parse_ack_verb(""), AckVerb::kAck);
  EXPECT_EQ(parse_ack_verb("+ACK"), AckVerb::kAck);
  EXPECT_EQ(parse_ack_verb("-NAK"), AckVerb::kNak);
  EXPECT_EQ(parse_ack_verb(R"(-NAK {"delay": 5})"), AckVerb::kNak);
  EXPECT_EQ(parse_ack_verb("+WPI"), AckVerb::kProgress);
  EXPECT_EQ(parse_ack_verb("+TERM poison"), AckVerb::kTerm);
  EXPECT_EQ(parse_ack_verb("+NXT {}"), AckVerb::kNext);
  EXPECT_FALSE(parse_ack_verb("+ack"));
  EXPECT_FALSE(parse_ack_verb("hello"));
}

TEST(AckVerb, ANakMaySayWhenTheMessageShallComeAgain) {
  EXPECT_EQ(nak_payload(), "-NAK");
  EXPECT_EQ(nak_payload(std::chrono::milliseconds{250}), R"(-NAK {"delay": 250000000})");
}

TEST(ApiSubject, SaysWhatIsAskedOfWhom) {
  const auto next = parse_api_subject("$JS.API.CONSUMER.MSG.NEXT.ORDERS.worker");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->operation, "CONSUMER.MSG.NEXT");
  EXPECT_EQ(next->stream, "ORDERS");
  EXPECT_EQ(next->consumer, "worker");
  const auto durable = parse_api_subject("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.worker");
  ASSERT_TRUE(durable);
  EXPECT_EQ(durable->operation, "CONSUMER.DURABLE.CREATE");
  const auto filtered = parse_api_subject("$JS.hub.API.CONSUMER.CREATE.ORDERS.worker.orders.created");
  ASSERT_TRUE(filtered);
  EXPECT_EQ(filtered->domain, "hub");
  EXPECT_EQ(filtered->consumer, "worker");
  const auto ephemeral = parse_api_subject("$JS.API.CONSUMER.CREATE.ORDERS");
  ASSERT_TRUE(ephemeral);
  EXPECT_EQ(ephemeral->stream, "ORDERS");
  EXPECT_EQ(ephemeral->consumer, "");
  EXPECT_EQ(parse_api_subject("$JS.API.INFO")->operation, "INFO");
  EXPECT_EQ(parse_api_subject("$JS.API.STREAM.NAMES")->stream, "");
}

TEST(ApiSubject, RefusesEverythingElse) {
  for (const std::string_view subject :
       {"", "$JS.API.", "$JS.API.STREAM.INFO", "$JS.API.STREAM.INFO.", "$JS.API.STREAM.INFO.A.B",
        "$JS.API.STREAM.INFOX.A", "$JS.API.CONSUMER.INFO.A", "$JS.API.INFO.A", "$JS.ACK.S.C.1.2.3.4.5",
        "$JS..API.INFO", "orders.created"}) {
    EXPECT_FALSE(parse_api_subject(subject)) << subject;
  }
}

TEST(ApiSubject, IsWrittenFromItsParts) {
  EXPECT_EQ(api_subject("INFO"), "$JS.API.INFO");
  EXPECT_EQ(api_subject("STREAM.INFO", "S"), "$JS.API.STREAM.INFO.S");
  EXPECT_EQ(api_subject("CONSUMER.MSG.NEXT", "S", "C"), "$JS.API.CONSUMER.MSG.NEXT.S.C");
}

TEST(PubAck, AnAcknowledgementHasASequenceAndNoError) {
  const auto ack = parse_pub_ack(R"({"stream":"ORDERS","seq":593})");
  ASSERT_TRUE(ack);
  EXPECT_TRUE(ack->stored());
  EXPECT_EQ(ack->stream, "ORDERS");
  EXPECT_EQ(ack->seq, 593U);
  EXPECT_FALSE(ack->duplicate);
}

TEST(PubAck, DuplicatesAndDomainsAreRead) {
  const auto ack = parse_pub_ack(R"({"stream":"S","seq":7,"domain":"hub","duplicate":true})");
  ASSERT_TRUE(ack);
  EXPECT_TRUE(ack->stored());
  EXPECT_TRUE(ack->duplicate);
  EXPECT_EQ(ack->domain, "hub");
}

// Server 2.10.14–2.10.29 answers so when the first of two equal ids is still staged: nothing may ever be
// stored, so this proves nothing.
TEST(PubAck, ADuplicateWithoutASequenceIsNoAcknowledgement) {
  const auto ack = parse_pub_ack(R"({"stream":"S","seq":0,"duplicate":true})");
  ASSERT_TRUE(ack);
  EXPECT_FALSE(ack->stored());
  EXPECT_FALSE(ack->has_error);
}

// Error bodies carry "seq":0 too; a search for "seq" takes them for acknowledgements.
TEST(PubAck, AnErrorIsNoAcknowledgement) {
  const auto ack = parse_pub_ack(
      R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"S","seq":0})");
  ASSERT_TRUE(ack);
  EXPECT_FALSE(ack->stored());
  EXPECT_TRUE(ack->has_error);
  EXPECT_EQ(ack->error_code, 400);
  EXPECT_EQ(ack->error_number, 10071);
  EXPECT_EQ(ack->error_text, "wrong last sequence: 3");
  EXPECT_FALSE(parse_pub_ack(R"({"error":{},"seq":9})")->stored()) << "an empty error is one";
}

TEST(PubAck, UnusualJsonMeansTheSame) {
  for (const std::string_view body :
       {R"({"seq":593,"stream":"ORDERS"})", R"({"stream":"ORDERS", "seq":593})",
        R"( {"stream": "ORDERS", "seq": 593, "val": "1"} )", R"({"stream":"ORD\u0045RS","seq":593})",
        R"({"stream":"ORDERS","seq":593,"duplicate":false})"}) {
    const auto ack = parse_pub_ack(body);
    ASSERT_TRUE(ack) << body;
    EXPECT_TRUE(ack->stored()) << body;
    EXPECT_EQ(ack->stream, "ORDERS") << body;
    EXPECT_EQ(ack->seq, 593U) << body;
  }
}

TEST(PubAck, RefusesWhatIsNoObject) {
  for (const std::string_view body :
       {"", "+OK", "[]", "{\"stream\":\"S\",\"seq\":1", R"({"stream":"S","seq":"1"})",
        R"({"stream":"S","seq":01})", R"({"stream":"S","seq":1}})", R"({"stream":"S","seq":1,})",
        R"({"stream":"S" "seq":1})"}) {
    EXPECT_FALSE(parse_pub_ack(body)) << body;
  }
}

}  // namespace
}  // namespace squall::wire
