#include "router/messages/subject_pattern.h"

#include <gtest/gtest.h>

namespace router::messages {
namespace {

TEST(SubjectPattern, CoversWhatNatsWouldDeliver) {
  EXPECT_TRUE(covers("a.b", "a.b"));
  EXPECT_TRUE(covers("a.*", "a.b"));
  EXPECT_TRUE(covers("*.b", "a.b"));
  EXPECT_TRUE(covers("a.>", "a.b.c"));
  EXPECT_TRUE(covers(">", "a"));
  EXPECT_TRUE(covers("a.>", "a.>"));
  EXPECT_TRUE(covers("a.>", "a.*"));
  EXPECT_TRUE(covers("a.*", "a.*"));
}

TEST(SubjectPattern, DoesNotCoverMore) {
  EXPECT_FALSE(covers("a.b", "a.c"));
  EXPECT_FALSE(covers("a.b", "a"));
  EXPECT_FALSE(covers("a", "a.b"));
  EXPECT_FALSE(covers("a.>", "a")) << "> needs at least one token";
  EXPECT_FALSE(covers("a.*", "a.b.c"));
  EXPECT_FALSE(covers("a.b", "a.*"));
  EXPECT_FALSE(covers("a.*", "a.>"));
  EXPECT_FALSE(covers("a.b", "a.>"));
  EXPECT_FALSE(covers("ab.>", "a.b"));
  EXPECT_FALSE(covers("", "a"));
}

TEST(SubjectPattern, OnlyPlainSubjectsCanBePublishedTo) {
  EXPECT_TRUE(is_publishable_subject("router.v1.assign"));
  for (const char* bad :
       {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a\tb", "a\r\nPUB x 0", "a\x7f"}) {
    EXPECT_FALSE(is_publishable_subject(bad)) << bad;
  }
}

TEST(SubjectPattern, AnIdIsOneToken) {
  EXPECT_TRUE(is_subject_token("3f-a_9"));
  for (const char* bad : {"", "a.b", "*", ">", "a b", "a\n"}) EXPECT_FALSE(is_subject_token(bad)) << bad;
}

TEST(AllowList, NeverAllowsSystemSubjectsWhateverThePattern) {
  const std::vector<std::string> everything{">"};
  EXPECT_TRUE(is_allowed_subject("_INBOX.x", everything));
  EXPECT_FALSE(is_allowed_subject("$JS.API.STREAM.DELETE.ROUTER_DECIDE", everything));
  EXPECT_FALSE(is_allowed_subject("$SYS.x", {"$SYS.>"}));
}

TEST(AllowList, NeedsOneMatchingPattern) {
  const std::vector<std::string> patterns{"router.v1.assign.>", "work.*"};
  EXPECT_TRUE(is_allowed_subject("router.v1.assign.gpu", patterns));
  EXPECT_TRUE(is_allowed_subject("work.a", patterns));
  EXPECT_FALSE(is_allowed_subject("work.a.b", patterns));
  EXPECT_FALSE(is_allowed_subject("router.v1.usage.x", patterns));
  EXPECT_FALSE(is_allowed_subject("work.>", patterns)) << "a wildcard is not a subject";
  EXPECT_FALSE(is_allowed_subject("work.a", {}));
}

}  // namespace
}  // namespace router::messages
