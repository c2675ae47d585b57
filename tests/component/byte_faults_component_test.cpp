// Each fault of bytes on a real client of NATS, and that after its heal the link is as new. Half-open, which
// a client can only notice by itself, on three of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/client_on_link.h"

namespace squall::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const json kNothing = json::object();

// A client that is not installed skips its tests only in SetUp: elsewhere the test would go on without it.
class HalfOpenOn : public ClientOnLink, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { connect(GetParam(), {{"ping_ms", 100}}); }
};

TEST_P(HalfOpenOn, IsNoticedByPingsAlone) {
  make_work();
  link_.add({{"stream", "upstream"}, {"half_open", kNothing}});
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("disconnects") >= 1; }));
  EXPECT_GE(link_.effect("half_open").connections, 1U);
  link_.heal();
  EXPECT_TRUE(reconnected());
  expect_as_new();
}

INSTANTIATE_TEST_SUITE_P(Clients, HalfOpenOn, ::testing::Values("libnats", "nats.js", "nats-py"),
                         name_of_client);

class ByteFaultsOnLibnats : public ClientOnLink {
 protected:
  void SetUp() override {
    make_work();
    connect("libnats");
  }
  base::Nanos time_of_publish(const std::string& payload) {
    const auto began = base::now();
    const json stored = publish(payload, 20'000);
    EXPECT_TRUE(stored.contains("seq")) << stored.dump();
    return base::now() - began;
  }
  // What was published is taken out, so that expect_as_new() finds its own.
  void take(const std::string& payload) {
    const json messages = fetch();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].at("payload"), payload);
  }
  bool disconnected() {
    return client_->until([](const json& now) { return now.at("disconnects") >= 1; });
  }
};

TEST_F(ByteFaultsOnLibnats, LatencyDelaysEachAnswer) {
  link_.add({{"latency", {{"delay_ms", 300}}}});
  EXPECT_GE(time_of_publish("x"), 300ms);
  EXPECT_GT(link_.effect("latency").bytes, 0U);
  link_.heal();
  EXPECT_LT(time_of_publish("y"), 300ms);
  take("x");
  take("y");
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, BandwidthMakesALargeMessageSlow) {
  const std::string large(60'000, 'x');
  link_.add({{"stream", "upstream"}, {"bandwidth", {{"bytes_per_second", 100'000}}}});
  EXPECT_GE(time_of_publish(large), 400ms);
  link_.heal();
  take(large);
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, SlowCloseTellsOfTheServersEndLate) {
  link_.add({{"slow_close", {{"delay_ms", 400}}}});
  server_.kill();
  const auto gone = base::now();
  EXPECT_TRUE(disconnected());
  EXPECT_GE(base::now() - gone, 300ms);
  link_.heal();
  server_.restart();
  EXPECT_TRUE(reconnected());
}

TEST_F(ByteFaultsOnLibnats, TimeoutSwallowsAndThenCloses) {
  link_.add({{"stream", "upstream"}, {"timeout", {{"after_ms", 300}}}});
  EXPECT_TRUE(publish("x", 100).contains("error"));
  EXPECT_EQ(broker_.stored("IN"), 0U);
  EXPECT_TRUE(disconnected());
  link_.heal();
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("connected"); }));
}

TEST_F(ByteFaultsOnLibnats, ResetPeerIsFollowedByAReconnect) {
  link_.add({{"reset_peer", kNothing}});
  EXPECT_TRUE(disconnected());
  EXPECT_GE(link_.effect("reset_peer").cut, 1U);
  link_.heal();
  EXPECT_TRUE(reconnected());
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, RefuseTurnsAwayTheNextClientAlone) {
  link_.add({{"refuse", kNothing}});
  std::string why_not;
  ClientProgram next(*ClientProgram::command("libnats", why_not));
  EXPECT_TRUE(next.run("connect", {{"url", link_.url()}}).contains("error"));
  EXPECT_TRUE(publish("x").contains("seq")) << "who is in stays in";
  take("x");
  link_.heal();
  EXPECT_EQ(next.run("connect", {{"url", link_.url()}}), kNothing);
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, ABlackHoleKeepsAPublishAndStoresItWhenItHeals) {
  link_.add({{"stream", "both"}, {"black_hole", kNothing}});
  EXPECT_EQ(publish("x", 200).at("error"), "Timeout");
  EXPECT_EQ(broker_.stored("IN"), 0U);
  link_.heal();
  EXPECT_EQ(publish("x").at("duplicate"), true) << "the first arrived after all";
  EXPECT_EQ(state().at("disconnects"), 0);
  take("x");
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, CutAfterBytesLeavesHalfAMessageBehind) {
  link_.add({{"stream", "upstream"}, {"cut_after_bytes", {{"bytes", 20'000}}}});
  EXPECT_TRUE(publish(std::string(60'000, 'x'), 500).contains("error"));
  EXPECT_EQ(broker_.stored("IN"), 0U);
  EXPECT_TRUE(disconnected());
  link_.heal();
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("connected"); }));
  EXPECT_TRUE(publish("y").contains("seq"));
}

TEST_F(ByteFaultsOnLibnats, CutAfterTimeEndsItAtItsAge) {
  link_.add({{"cut_after_time", {{"age_ms", 100}}}});
  EXPECT_TRUE(disconnected());
  link_.heal();
  EXPECT_TRUE(reconnected());
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, TheSlicerChangesNothingButTheTime) {
  const std::string payload(3'000, 'x');
  const json slices{{"average_size", 50}, {"size_variation", 20}, {"delay_ms", 3}};
  link_.add({{"stream", "upstream"}, {"slicer", slices}});
  EXPECT_GE(time_of_publish(payload), 100ms);
  link_.heal();
  take(payload);
  expect_as_new();
}

TEST_F(ByteFaultsOnLibnats, LimitDataClosesBehindItsBytes) {
  link_.add({{"stream", "upstream"}, {"limit_data", {{"bytes", 20'000}}}});
  EXPECT_TRUE(publish(std::string(60'000, 'x'), 500).contains("error"));
  EXPECT_TRUE(disconnected());
  EXPECT_EQ(broker_.stored("IN"), 0U);
  link_.heal();
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("connected"); }));
  EXPECT_TRUE(publish("y").contains("seq"));
}

}  // namespace
}  // namespace squall::testing
