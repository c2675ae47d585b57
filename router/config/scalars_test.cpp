#include "router/config/scalars.h"

#include <gtest/gtest.h>

namespace router::config {
namespace {

TEST(Scalars, DurationsNeedTheirUnit) {
  EXPECT_EQ(parse_duration("50us"), 50us);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("2min"), 2min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const char* bad : {"", "5", "ms", "-1s", "1 s", "1e400s", "nan s", "infs", "1d", "99999999999h"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Scalars, SizesAreBinary) {
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("64KiB"), 65536U);
  EXPECT_EQ(parse_bytes("1MiB"), 1048576U);
  for (const char* bad : {"", "1KB", "KiB", "-1", "1.5MiB", "99999999999999999999"}) {
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
  }
}

TEST(Scalars, ListenAddressesKnowIpv6) {
  EXPECT_EQ(parse_listen("127.0.0.1:0"), (HttpSettings{"127.0.0.1", 0}));
  EXPECT_EQ(parse_listen("[::1]:65535"), (HttpSettings{"::1", 65535}));
  for (const char* bad : {"", "8222", ":8222", "::1:8222", "[::1:1", "a:", "a:-1", "a:65536", "a:1x"}) {
    EXPECT_EQ(parse_listen(bad), std::nullopt) << bad;
  }
}

TEST(Scalars, SubjectsAndPatterns) {
  EXPECT_TRUE(is_subject("router.v1.decide"));
  for (const char* bad : {"", "$JS.x", "a..b", ".a", "a.", "a.*", "a.>", "a b"})
    EXPECT_FALSE(is_subject(bad)) << bad;
  for (const char* good : {"a", "a.*.c", "a.>", ">", "_INBOX.>"})
    EXPECT_TRUE(is_subject_pattern(good)) << good;
  for (const char* bad : {"", "$SYS.>", "a.>.b", "a.b*", "a.>x"})
    EXPECT_FALSE(is_subject_pattern(bad)) << bad;
}

TEST(Scalars, NatsUrls) {
  for (const char* good : {"nats://127.0.0.1:4222", "tls://h:1", "h:4222", "nats://u:p@h:1"}) {
    EXPECT_TRUE(is_nats_url(good)) << good;
  }
  for (const char* bad : {"", "nats://", "http://h", "nats://a b", "nats://a,nats://b", "nats://h:99999",
                          "nats://h:0", "nats://h:", "nats://:4222", "nats://h:4222x", "nats://u:p@"}) {
    EXPECT_FALSE(is_nats_url(bad)) << bad;
  }
}

TEST(Scalars, AUrlIsShownWithoutItsCredentials) {
  EXPECT_EQ(without_credentials("nats://127.0.0.1:4222"), "nats://127.0.0.1:4222");
  EXPECT_EQ(without_credentials("tls://user:p@ss@host:4222"), "tls://host:4222");
  EXPECT_EQ(without_credentials("token@host"), "host");
}

TEST(Scalars, SubjectsOverlapWhenOneSubjectMatchesBoth) {
  EXPECT_TRUE(subjects_overlap("a.b", "a.b"));
  EXPECT_TRUE(subjects_overlap("a.>", "a.b.c"));
  EXPECT_TRUE(subjects_overlap("a.b.c", "a.>"));
  EXPECT_TRUE(subjects_overlap("a.*.c", "a.b.*"));
  EXPECT_FALSE(subjects_overlap("a.>", "a"));
  EXPECT_FALSE(subjects_overlap("a.b", "a.b.c"));
  EXPECT_FALSE(subjects_overlap("a.b.>", "a.c.>"));
  EXPECT_FALSE(subjects_overlap("a.*", "a.b.c"));
}

TEST(Scalars, TheNearestNameIsNearOrNone) {
  EXPECT_EQ(nearest("replcas", {"replicas", "storage"}), "replicas");
  EXPECT_EQ(nearest("zzz", {"replicas", "storage"}), std::nullopt);
}

}  // namespace
}  // namespace router::config
