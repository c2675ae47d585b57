#include "draft/likely_cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::draft {
namespace {

using ::testing::HasSubstr;

TEST(LikelyCause, AServiceThatNeverConnectedIsToldOfNatsUrl) {
  const Heard heard{.nats_url = "nats://127.0.0.1:4001", .last_lines = "a\nb: refused\n"};
  EXPECT_THAT(why_nobody_works(heard), HasSubstr("NATS_URL (here nats://127.0.0.1:4001)"));
  EXPECT_THAT(why_nobody_works(heard), HasSubstr("its last lines: a | b: refused"));
}

TEST(LikelyCause, AServiceThatConnectedIsToldWhatItAskedFor) {
  Heard heard{.connected = true};
  EXPECT_THAT(why_nobody_works(heard), HasSubstr("asked for no stream"));
  EXPECT_THAT(why_nobody_works(heard), HasSubstr("printed nothing"));
  heard.requests.streams = {"A", "B"};
  EXPECT_THAT(why_nobody_works(heard), HasSubstr("asked for A, B and pulls from no consumer"));
}

TEST(LikelyCause, WhatIsPublishedElsewhereIsNamed) {
  Heard heard{.connected = true};
  EXPECT_THAT(why_no_effect(heard, "in", "out"), HasSubstr("it published nothing"));
  for (const char* subject : {"in", "out", "out.x", "$JS.ACK.S.c.1.2.3.4.5", "_INBOX.a.b", "orders.done"})
    heard.requests.note(subject, "");
  EXPECT_THAT(why_no_effect(heard, "in", "out"), HasSubstr("it published on orders.done: is one of them"));
  heard.requests.published.insert({"a", "b", "c", "d"});
  EXPECT_THAT(why_no_effect(heard, "in", "out"), HasSubstr("on a, b, c, d, …:"));
}

}  // namespace
}  // namespace squall::draft
