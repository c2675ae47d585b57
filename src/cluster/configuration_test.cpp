#include "cluster/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::cluster {
namespace {

using ::testing::HasSubstr;

Configuration single() {
  return {.server_name = "nats-1",
          .client_port = 4001,
          .monitor_port = 4003,
          .store_directory = "/tmp/js/nats-1"};
}

TEST(Configuration, OneServerHasNoClusterBlock) {
  EXPECT_EQ(to_text(single(), {2, 9, 10}).value_or(""),
            "server_name: \"nats-1\"\n"
            "listen: \"127.0.0.1:4001\"\n"
            "http: \"127.0.0.1:4003\"\n"
            "jetstream {\n"
            "  store_dir: \"/tmp/js/nats-1\"\n"
            "}\n");
}

TEST(Configuration, AServerOfAClusterRoutesToTheOthers) {
  Configuration configuration = single();
  configuration.cluster = {.name = "squall-r1", .port = 5001, .routes = {5003, 5005}};
  EXPECT_THAT(to_text(configuration, {2, 9, 10}).value_or(""), HasSubstr("cluster {\n"
                                                                         "  name: \"squall-r1\"\n"
                                                                         "  listen: \"127.0.0.1:5001\"\n"
                                                                         "  routes: [\n"
                                                                         "    \"nats://127.0.0.1:5003\"\n"
                                                                         "    \"nats://127.0.0.1:5005\"\n"
                                                                         "  ]\n"
                                                                         "}\n"));
}

TEST(Configuration, SyncIntervalIsWrittenOnlyForVersionsThatKnowIt) {
  Configuration configuration = single();
  configuration.sync_interval = "always";
  EXPECT_THAT(to_text(configuration, {2, 10, 0}).value_or(""), HasSubstr("  sync_interval: \"always\"\n"));
  const auto old = to_text(configuration, {2, 9, 25});
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().message(), "nats-server 2.9.25 does not know sync_interval (2.10.0 and newer do)");
}

TEST(Configuration, QuotesInAPathAreEscaped) {
  Configuration configuration = single();
  configuration.store_directory = R"(/tmp/a "b"\c)";
  EXPECT_THAT(to_text(configuration, {2, 9, 10}).value_or(""), HasSubstr(R"(store_dir: "/tmp/a \"b\"\\c")"));
}

TEST(Configuration, ExtraLinesComeLast) {
  Configuration configuration = single();
  configuration.extra = "max_payload: 2MB";
  EXPECT_TRUE(to_text(configuration, {2, 9, 10}).value_or("").ends_with("}\nmax_payload: 2MB\n"));
}

}  // namespace
}  // namespace squall::cluster
