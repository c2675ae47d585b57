#include "cluster/nats_binary.h"

#include <gtest/gtest.h>

namespace squall::cluster {
namespace {

TEST(NatsVersion, IsReadFromWhatTheServerPrints) {
  EXPECT_EQ(parse_nats_version("nats-server: v2.9.10\n"), (NatsVersion{2, 9, 10}));
  EXPECT_EQ(parse_nats_version("nats-server: v2.12.0-RC.1"), (NatsVersion{2, 12, 0}));
  EXPECT_EQ(parse_nats_version("warning\nnats-server: v2.10.29+dirty\n"), (NatsVersion{2, 10, 29}));
}

TEST(NatsVersion, AnythingElseIsNone) {
  for (const char* output :
       {"", "nats-server", "nats-server: v", "nats-server: v2", "nats-server: v2.9", "nats-server: v2.x.1",
        "nats-streaming-server: version 0.24", "nats-server: v-2.9.1"}) {
    EXPECT_EQ(parse_nats_version(output), std::nullopt) << output;
  }
}

TEST(NatsVersion, ComparesByNumber) {
  EXPECT_LT((NatsVersion{2, 9, 10}), kFirstWithSyncInterval);
  EXPECT_LT((NatsVersion{2, 9, 9}), (NatsVersion{2, 9, 10}));
  EXPECT_GE((NatsVersion{2, 10, 0}), kFirstWithSyncInterval);
}

}  // namespace
}  // namespace squall::cluster
