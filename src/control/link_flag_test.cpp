#include "control/link_flag.h"

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using proxy::LinkMode;

TEST(LinkFlag, HasANameWhereToListenAndTheUpstream) {
  const auto link = read_link_flag("redis=127.0.0.1:26379,localhost:6379");
  ASSERT_TRUE(link) << link.error().message();
  EXPECT_EQ(*link, (proxy::LinkSettings{
                       .name = "redis", .listen = "127.0.0.1:26379", .upstream = "localhost:6379"}));
}

TEST(LinkFlag, ReadsNatsWhenAsked) {
  EXPECT_EQ(read_link_flag("n=:4223,[::1]:4222,nats")->mode, LinkMode::kNats);
  EXPECT_EQ(read_link_flag("n=:4223,[::1]:4222,bytes")->mode, LinkMode::kBytes);
}

TEST(LinkFlag, ListensOnAPortOfTheKernelsWithoutAnAddress) {
  const auto link = read_link_flag("n=nats-1:4222,nats");
  ASSERT_TRUE(link) << link.error().message();
  EXPECT_EQ(link->listen, "127.0.0.1:0");
  EXPECT_EQ(link->upstream, "nats-1:4222");
  EXPECT_EQ(link->mode, LinkMode::kNats);
}

TEST(LinkFlag, SaysWhatItIsWhenItIsNone) {
  for (const char* text : {"", "redis", "=a:1,b:2", "redis=", "redis=nats", "redis=a:1,b:2,c:3",
                           "redis=a:1,b:2,tls", "redis=a:99999,b:2", "redis=a:1,b", "redis=,b:2"}) {
    const auto link = read_link_flag(text);
    ASSERT_FALSE(link) << text;
    EXPECT_NE(link.error().message().find("it is NAME=LISTEN,UPSTREAM"), std::string::npos)
        << link.error().message();
  }
}

}  // namespace
}  // namespace squall::control
