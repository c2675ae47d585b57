#include "client/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace squall::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Access servers(std::string_view urls) {
  auto access = parse_servers(urls);
  EXPECT_TRUE(access) << urls << ": " << access.error().message();
  return access ? *access : Access{};
}

std::string wrong(std::string_view urls) {
  const auto access = parse_servers(urls);
  return access ? "fine" : access.error().message();
}

TEST(Access, ReadsServersOfEveryForm) {
  EXPECT_EQ(servers("nats://a:4223").servers, (std::vector<Endpoint>{{"a", 4223}}));
  EXPECT_EQ(servers("a, nats://b:1/ ,c:65535").servers,
            (std::vector<Endpoint>{{"a", 4222}, {"b", 1}, {"c", 65535}}));
  EXPECT_EQ(servers("[::1]:4333,[fe80::2]").servers,
            (std::vector<Endpoint>{{"::1", 4333}, {"fe80::2", 4222}}));
  EXPECT_FALSE(servers("nats://a").options.tls.required);
  EXPECT_TRUE(servers("nats://a,tls://b").options.tls.required);
}

TEST(Access, DialsEachServerInTurnWithTheSameOptions) {
  const Access access = servers("nats://squall:pw@a,b");
  EXPECT_EQ(access.dial(0).host, "a");
  EXPECT_EQ(access.dial(3).host, "b");
  EXPECT_EQ(access.dial(3).credentials.user, "squall");
}

TEST(Access, AUrlMayCarryALogin) {
  const Credentials login = servers("nats://squ%40ll:p%3Aw@a").options.credentials;
  EXPECT_EQ(login.user, "squ@ll");
  EXPECT_EQ(login.password.reveal(), "p:w");
  const Credentials token = servers("nats://t0ken@a").options.credentials;
  EXPECT_EQ(token.token.reveal(), "t0ken");
  EXPECT_EQ(token.user, "");
}

TEST(Access, SaysWhatIsWrongWithAUrlAndShowsNoSecret) {
  EXPECT_EQ(wrong(""), "no server URL");
  EXPECT_EQ(wrong("ws://a"), "server URL: scheme ws:// is not supported; use nats:// or tls://");
  EXPECT_EQ(wrong("a:0"), "server URL: \"a:0\": the port is no number from 1 to 65535");
  EXPECT_EQ(wrong("a:4222x"), "server URL: \"a:4222x\": the port is no number from 1 to 65535");
  EXPECT_EQ(wrong("nats://:4222"), "server URL: \":4222\": no host");
  EXPECT_THAT(wrong("u:s3cret@a:99999"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(wrong("u:s3cr%et@a"), Not(HasSubstr("s3cr")));
  EXPECT_THAT(wrong("u:s3cret@a,v:0ther@b"),
              ::testing::AllOf(HasSubstr("b wants another login than a"), Not(HasSubstr("s3cret")),
                               Not(HasSubstr("0ther"))));
}

class ContextTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(where_.nats_folder / "context"); }

  void write(const std::string& path, const std::string& text) {
    std::ofstream(where_.nats_folder / path) << text;
  }
  std::string error(std::string_view name) {
    const auto access = read_context(name, where_);
    return access ? "fine" : access.error().message();
  }

  testing::TemporaryFolder folder_;
  ContextFolder where_{.nats_folder = folder_ / "nats", .home = folder_ / "home"};
};

TEST_F(ContextTest, GivesEverythingThatTheNatsCliWouldUse) {
  write("context/staging.json", R"({"description": "x", "url": "tls://a:4222,tls://b:4222", "user": "u",
      "password": "p", "ca": "~/ca.pem", "cert": "/c.pem", "key": "/k.pem", "tls_first": true,
      "inbox_prefix": "_IN.orders", "jetstream_domain": "hub", "jetstream_api_prefix": "", "token": ""})");
  const auto access = read_context("staging", where_);
  ASSERT_TRUE(access) << access.error().message();
  EXPECT_EQ(access->servers, (std::vector<Endpoint>{{"a", 4222}, {"b", 4222}}));
  EXPECT_EQ(access->options.credentials.user, "u");
  EXPECT_EQ(access->options.credentials.password.reveal(), "p");
  EXPECT_TRUE(access->options.tls.required);
  EXPECT_TRUE(access->options.tls.first);
  EXPECT_EQ(access->options.tls.ca_file, where_.home / "ca.pem");
  EXPECT_EQ(access->options.tls.certificate_file, "/c.pem");
  EXPECT_EQ(access->options.inbox_prefix, "_IN.orders");
  EXPECT_EQ(access->options.js_api_prefix, "$JS.hub.API");
}

TEST_F(ContextTest, TheSelectedOneIsTheDefault) {
  write("context/local.json", R"({"url": "", "jetstream_api_prefix": "JS.acme.API."})");
  EXPECT_EQ(error(""), "no NATS context is named, and none is selected (nats context select)");
  write("context.txt", "local\n");
  const auto access = read_context("", where_);
  ASSERT_TRUE(access) << access.error().message();
  EXPECT_EQ(access->servers, (std::vector<Endpoint>{{"127.0.0.1", 4222}}));
  EXPECT_EQ(access->options.js_api_prefix, "JS.acme.API");
}

TEST_F(ContextTest, SaysWhatIsWrongAndWhere) {
  write("context/a.json", "{");
  write("context/b.json", R"({"url": 7})");
  write("context/c.json", R"({"nsc": "nsc://x"})");
  write("context/d.json", R"({"creds": "/no/such.creds"})");
  const std::string folder = (where_.nats_folder / "context").string();
  EXPECT_EQ(error("nope"), "no NATS context \"nope\" in " + folder + "; there are: a, b, c, d");
  EXPECT_EQ(error("a"), "NATS context " + folder + "/a.json: it is no JSON object");
  EXPECT_EQ(error("b"), "NATS context " + folder + "/b.json: field url is not a string");
  EXPECT_EQ(error("c"),
            "NATS context " + folder + "/c.json: field nsc is set, which Squall does not support");
  EXPECT_THAT(error("d"), HasSubstr("field creds: credentials file /no/such.creds: cannot read it: No such"));
}

}  // namespace
}  // namespace squall::client
