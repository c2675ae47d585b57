#include "wire/subject.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

TEST(Subject, MatchesTokenByToken) {
  EXPECT_TRUE(subject_matches("a.b", "a.b"));
  EXPECT_TRUE(subject_matches("a.*", "a.b"));
  EXPECT_TRUE(subject_matches("*.b", "a.b"));
  EXPECT_TRUE(subject_matches("a.>", "a.b"));
  EXPECT_TRUE(subject_matches("a.>", "a.b.c.d"));
  EXPECT_TRUE(subject_matches(">", "a"));
  EXPECT_TRUE(subject_matches("*.*.>", "a.b.c"));
}

TEST(Subject, DoesNotMatchTheRest) {
  EXPECT_FALSE(subject_matches("a.b", "a"));
  EXPECT_FALSE(subject_matches("a", "a.b"));
  EXPECT_FALSE(subject_matches("a.*", "a"));
  EXPECT_FALSE(subject_matches("a.*", "a.b.c"));
  EXPECT_FALSE(subject_matches("a.>", "a"));
  EXPECT_FALSE(subject_matches("a.>", "ab.c"));
  EXPECT_FALSE(subject_matches("a*", "ab")) << "a wildcard is a whole token";
  EXPECT_FALSE(subject_matches("", "a"));
  EXPECT_FALSE(subject_matches("*", ""));
}

TEST(Subject, ValidityFollowsTheServer) {
  EXPECT_TRUE(is_valid_subject("orders.created"));
  EXPECT_TRUE(is_valid_subject("$JS.API.INFO"));
  EXPECT_TRUE(is_valid_subject("a*b"));
  EXPECT_TRUE(is_valid_subject("orders.*.>", {.wildcards = true}));
  for (const std::string_view bad :
       {"", ".", "a.", ".a", "a..b", "a b", "a\t", "a\r\n", "orders.*", "orders.>"}) {
    EXPECT_FALSE(is_valid_subject(bad)) << bad;
  }
  EXPECT_FALSE(is_valid_subject("orders.>.x", {.wildcards = true}));
}

}  // namespace
}  // namespace squall::wire
