#include "router/nats/ack_tokens.h"

#include <gtest/gtest.h>

namespace router::nats {
namespace {

TEST(AckSubject, IsReadInItsNineTokenForm) {
  const auto tokens =
      parse_ack_subject("$JS.ACK.ROUTER_DECIDE.router-decide.2.601.742.1700000000123456789.13");
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->stream, "ROUTER_DECIDE");
  EXPECT_EQ(tokens->consumer, "router-decide");
  EXPECT_EQ(tokens->delivered, 2U);
  EXPECT_EQ(tokens->stream_sequence, 601U);
  EXPECT_EQ(tokens->consumer_sequence, 742U);
  EXPECT_EQ(tokens->stored_at.time_since_epoch().count(), 1700000000123456789);
  EXPECT_EQ(tokens->pending, 13U);
}

TEST(AckSubject, IsReadWithDomainAndAccountWithOrWithoutWhatFollows) {
  for (const char* subject : {"$JS.ACK._.ACC.S.C.1.2.3.4.5", "$JS.ACK.hub.ACC.S.C.1.2.3.4.5.random",
                              "$JS.ACK.hub.ACC.S.C.1.2.3.4.5.random.more"}) {
    const auto tokens = parse_ack_subject(subject);
    ASSERT_TRUE(tokens) << subject;
    EXPECT_EQ(tokens->stream, "S");
    EXPECT_EQ(tokens->consumer, "C");
    EXPECT_EQ(tokens->delivered, 1U);
    EXPECT_EQ(tokens->stream_sequence, 2U);
    EXPECT_EQ(tokens->pending, 5U);
  }
}

TEST(AckSubject, NothingElseIsTaken) {
  for (const char* subject :
       {"", "_INBOX.abc.1", "$JS.ACK.S.C.1.2.3.4", "$JS.ACK.x.S.C.1.2.3.4.5", "$JS.ACK.S.C.one.2.3.4.5",
        "$JS.ACK.S.C.1.2.3.4.", "$JS.API.S.C.1.2.3.4.5", "$JS.ACK.S.C.1.2.3.99999999999999999999.5"}) {
    EXPECT_FALSE(parse_ack_subject(subject)) << subject;
  }
}

}  // namespace
}  // namespace router::nats
