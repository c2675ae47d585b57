#include "proxy/address.h"

namespace squall::proxy {
namespace {

TEST(Address, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(*parse_host_port("127.0.0.1:4222"), (HostPort{"127.0.0.1", 4222}));
  EXPECT_EQ(*parse_host_port("[::1]:4222"), (HostPort{"::1", 4222}));
  EXPECT_EQ(*parse_host_port("nats-1:0"), (HostPort{"nats-1", 0}));
  EXPECT_EQ(*parse_host_port(":80"), (HostPort{"", 80}));
  EXPECT_EQ(to_text({"::1", 4222}), "[::1]:4222");
}

TEST(Address, SaysWhatIsWrong) {
  EXPECT_EQ(parse_host_port("nats-1").error().message(), "address nats-1: no port (host:port)");
  EXPECT_EQ(parse_host_port("a:70000").error().message(), "address a:70000: 70000 is no port");
  EXPECT_EQ(parse_host_port("a:").error().message(), "address a::  is no port");
  EXPECT_EQ(parse_host_port("::1:4222").error().message(), "address ::1:4222: ::1 is no host");
}

TEST(Address, HasNumbersUnlessItIsAName) {
  EXPECT_EQ(numeric_address({"localhost", 7})->text(), "127.0.0.1:7");
  EXPECT_EQ(numeric_address({"::1", 7})->text(), "[::1]:7");
  EXPECT_EQ(numeric_address({"", 7})->text(), "0.0.0.0:7");
  EXPECT_FALSE(numeric_address({"nats-1", 7}));
}

}  // namespace
}  // namespace squall::proxy
