// Each NATS fault on a real client through a link, and that after its heal the link is as new. libnats meets
// all of them, nats.js and nats-py those that a client's own code is likely to take differently.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/client_on_link.h"

namespace squall::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

using NatsFaults = ClientOnLink;

// --- For every client.
class NatsFaultsOn : public NatsFaults, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { connect(GetParam()); }
};

TEST_P(NatsFaultsOn, AckDelayKeepsAMessagePendingForThatLong) {
  make_work();
  link_.add({{"preset", "ack_delay"}, {"stream", "IN"}, {"consumer", "worker"}, {"delay_ms", 400}});
  broker_.store("in.a", "x");
  ASSERT_EQ(fetch().size(), 1U);
  const auto acked = base::now();
  EXPECT_EQ(broker_.consumer("IN", "worker").num_ack_pending, 1U);
  EXPECT_TRUE(nothing_pending());
  EXPECT_GE(base::now() - acked, 350ms);
  EXPECT_EQ(link_.struck("ack_delay"), 1U);
  link_.heal();
  expect_as_new();
}

TEST_P(NatsFaultsOn, AHealedAckDelayLetsHeldAcksPassAtOnce) {
  make_work();
  link_.add({{"preset", "ack_delay"}, {"delay_ms", 600'000}});
  broker_.store("in.a", "x");
  ASSERT_EQ(fetch().size(), 1U);
  EXPECT_EQ(broker_.consumer("IN", "worker").num_ack_pending, 1U);
  link_.heal();
  EXPECT_TRUE(nothing_pending());
  expect_as_new();
}

TEST_P(NatsFaultsOn, AckDropBringsTheMessageAgain) {
  make_work(300ms);
  link_.add({{"preset", "ack_drop"}, {"consumer", "worker"}, {"count", 1}});
  broker_.store("in.a", "x");
  EXPECT_EQ(fetch(), json::parse(R"([{"payload": "x", "seq": 1, "delivered": 1}])"));
  EXPECT_EQ(fetch(), json::parse(R"([{"payload": "x", "seq": 1, "delivered": 2}])"));
  EXPECT_TRUE(nothing_pending());
  link_.heal();
  expect_as_new();
}

TEST_P(NatsFaultsOn, PubackDropStoresAndTellsNobody) {
  make_work();
  link_.add({{"preset", "puback_drop"}, {"subject", "in.>"}, {"count", 1}});
  EXPECT_TRUE(publish("x", 300).contains("error"));
  EXPECT_EQ(broker_.stored("IN"), 1U);
  EXPECT_EQ(publish("x"), json::parse(R"({"seq": 1, "duplicate": true})")) << "the retry has one effect";
  EXPECT_EQ(broker_.stored("IN"), 1U);
  ASSERT_EQ(fetch().size(), 1U);
  link_.heal();
  expect_as_new();
}

TEST_P(NatsFaultsOn, DisconnectClientIsFollowedByAReconnect) {
  make_work();
  link_.add({{"preset", "disconnect_client"}, {"reset", true}});
  EXPECT_TRUE(reconnected());
  link_.heal();
  expect_as_new();
  EXPECT_EQ(state().at("disconnects"), 1);
}

INSTANTIATE_TEST_SUITE_P(Clients, NatsFaultsOn, ::testing::Values("libnats", "nats.js", "nats-py"),
                         name_of_client);

// --- For libnats.
class NatsFaultsOnLibnats : public NatsFaults {
 protected:
  void SetUp() override {
    connect("libnats");
    make_work();
  }
  void hear(const std::string& subject) { client_->run("listen", {{"subject", subject}}); }
  // What the client hears of these messages, in its order.
  json heard_of(const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) broker_.send("news", payload);
    json heard;
    EXPECT_TRUE(client_->until([&](const json&) {
      heard = client_->run("heard").at("payloads");
      return heard.size() >= payloads.size();
    }));
    return heard;
  }
};

TEST_F(NatsFaultsOnLibnats, NakStormDeliversAgainAtOnce) {
  link_.add({{"preset", "nak_storm"}, {"consumer", "worker"}, {"count", 3}});
  broker_.store("in.a", "x");
  for (int delivered = 1; delivered <= 4; ++delivered) {
    const json messages = fetch();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].at("delivered"), delivered);
  }
  EXPECT_TRUE(nothing_pending());
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, PubackDelayTellsThePublisherLate) {
  link_.add({{"preset", "puback_delay"}, {"stream", "IN"}, {"delay_ms", 400}});
  EXPECT_TRUE(publish("x", 100).contains("error"));
  const auto began = base::now();
  EXPECT_EQ(publish("x").at("duplicate"), true);
  EXPECT_GE(base::now() - began, 400ms);
  ASSERT_EQ(fetch().size(), 1U);
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, PublishDropStoresNothing) {
  link_.add({{"preset", "publish_drop"}, {"subject", "in.*"}});
  EXPECT_EQ(publish("x", 200).at("error"), "Timeout");
  EXPECT_EQ(broker_.stored("IN"), 0U);
  EXPECT_EQ(link_.struck("publish_drop"), 1U);
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, DeliverDropLosesADelivery) {
  broker_.make_consumer("IN", "hasty", 200ms);
  link_.add({{"preset", "deliver_drop"}, {"consumer", "hasty"}, {"count", 1}});
  broker_.store("in.a", "x");
  const json pull{{"stream", "IN"}, {"consumer", "hasty"}, {"timeout_ms", 100}};
  EXPECT_EQ(client_->run("fetch", pull).at("messages").size(), 0U);
  json later = pull;
  later["timeout_ms"] = 5000;
  const json messages = client_->run("fetch", later).at("messages");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_GE(messages[0].at("delivered"), 2);
  ASSERT_EQ(fetch().size(), 1U) << "the other consumer is not struck";
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, DeliverDuplicateIsHeardTwice) {
  client_->run("listen", {{"subject", "news"}});
  link_.add({{"preset", "deliver_duplicate"}, {"subject", "news"}, {"count", 1}});
  broker_.send("news", "a");
  broker_.send("news", "b");
  json heard;
  EXPECT_TRUE(client_->until([&](const json&) {
    heard = client_->run("heard").at("payloads");
    return heard.size() >= 3;
  }));
  EXPECT_EQ(heard, json({"a", "a", "b"}));
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, AReorderedMessageIsHeardBehindTheNextOne) {
  hear("news");
  link_.add({{"name", "reorder"},
             {"match", {{"kinds", {"message"}}, {"subject", "news"}}},
             {"limit", {{"count", 2}}},
             {"reorder", {{"within_ms", 60'000}}}});
  EXPECT_EQ(heard_of({"a", "b", "c"}), json({"b", "a", "c"}));
  EXPECT_EQ(link_.struck("reorder"), 2U);
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, AHeldPublishIsStoredWhenItHealsAndLaterOnesOvertakeIt) {
  link_.add({{"name", "hold"},
             {"match", {{"verbs", {"PUB"}}, {"subject", "in.>"}}},
             {"limit", {{"count", 1}}},
             {"hold", json::object()}});
  EXPECT_EQ(publish("held", 200).at("error"), "Timeout");
  EXPECT_EQ(publish("passes"), json::parse(R"({"seq": 1, "duplicate": false})"));
  EXPECT_EQ(broker_.stored("IN"), 1U);
  link_.heal();
  EXPECT_EQ(publish("held"), json::parse(R"({"seq": 2, "duplicate": true})")) << "stored by the heal";
  ASSERT_EQ(fetch().size(), 1U);
  ASSERT_EQ(fetch().size(), 1U);
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, ACorruptMessageHasAnotherByteAndTheNextOneIsWhole) {
  hear("news");
  link_.add({{"name", "corrupt"},
             {"match", {{"kinds", {"message"}}, {"subject", "news"}}},
             {"limit", {{"count", 1}}},
             {"corrupt", {{"bytes", 1}}}});
  const json heard = heard_of({std::string(40, 'a'), "b"});
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(std::ranges::count(heard[0].get<std::string>(), 'a'), 39);
  EXPECT_EQ(heard[1], "b");
  EXPECT_EQ(link_.struck("corrupt"), 1U);
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, PingDropMakesTheClientTakeTheServerForDead) {
  connect("libnats", {{"ping_ms", 100}});
  link_.add({{"preset", "ping_drop"}});
  EXPECT_TRUE(client_->run("flush", {{"timeout_ms", 50}}).contains("error"));
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("disconnects") >= 1; }));
  link_.heal();
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("connected"); }));
  EXPECT_EQ(client_->run("flush"), json::object());
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, NoRespondersIsADefiniteFailure) {
  link_.add({{"preset", "no_responders"}, {"subject", "in.>"}});
  EXPECT_EQ(publish("x").at("error"), "No responders available for request");
  EXPECT_EQ(broker_.stored("IN"), 0U);
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, SlowConsumerIsThrownOutByTheServerAndLearnsItWhenItSpeaks) {
  client_->run("listen", {{"subject", "news"}});
  link_.add({{"preset", "slow_consumer"}});
  const std::string large(512 * 1024, 'x');
  for (int i = 0; i < 200 && slow_consumers() == 0; ++i) broker_.send("news", large);
  EXPECT_GE(slow_consumers(), 1);
  EXPECT_EQ(state().at("disconnects"), 0) << "silence";
  EXPECT_TRUE(client_->until([this](const json& now) {
    client_->run("send", {{"subject", "hello"}});
    return now.at("reconnects") >= 1 && now.at("connected");
  }));
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, StaleConnectionIsFollowedByAReconnect) {
  link_.add({{"preset", "stale_connection"}});
  EXPECT_TRUE(reconnected());
  link_.heal();
  expect_as_new();
}

TEST_F(NatsFaultsOnLibnats, PermissionViolationLeavesTheConnectionOpen) {
  link_.add({{"preset", "permission_violation"}, {"subject", "in.>"}});
  EXPECT_TRUE(publish("x", 200).contains("error"));
  EXPECT_TRUE(client_->until([](const json& now) { return !now.at("errors").empty(); }));
  const json now = state();
  EXPECT_THAT(now.at("errors").dump(), HasSubstr("Permissions Violation for Publish to"));
  EXPECT_EQ(now.at("disconnects"), 0);
  link_.heal();
  expect_as_new();
}

// libnats closes for good on an error that it does not know; its user has to connect anew.
TEST_F(NatsFaultsOnLibnats, MaxPayloadEndsTheConnection) {
  link_.add({{"preset", "max_payload"}, {"bytes", 100}});
  EXPECT_TRUE(publish(std::string(101, 'x'), 500).contains("error"));
  EXPECT_TRUE(client_->until([](const json& now) { return now.at("disconnects") >= 1 || now.at("closed"); }));
  EXPECT_EQ(broker_.stored("IN"), 0U);
  link_.heal();
  connect("libnats");
  expect_as_new();
}

// --- Moments.
class NatsMoments : public NatsFaults {
 protected:
  NatsMoments() {
    broker_.make_stream("IN", "in.>");
    broker_.make_stream("OUT", "out.>");
    broker_.make_consumer("IN", "worker", 200ms);
  }
  void serve(bool acks_first) {
    connect("libnats");
    client_->start("serve",
                   {{"stream", "IN"}, {"consumer", "worker"}, {"out", "out.a"}, {"acks_first", acks_first}});
  }
  bool drained() {
    return broker_.until("IN", "worker", [](const auto& status) {
      return status.num_pending == 0 && status.num_ack_pending == 0;
    });
  }
  // Five inputs, a kill at the second time that the moment occurs, and another process that does the rest.
  // Returns the inputs without an effect.
  std::vector<std::string> trial(int number, fault::Moment moment, bool acks_first) {
    std::vector<std::string> inputs;
    for (int i = 0; i < 5; ++i) inputs.push_back(fmt::format("{}-{}", number, i));
    for (const std::string& input : inputs) broker_.store("in.a", input);
    link_.arm({.moment = moment, .nth = 2});
    serve(acks_first);
    const auto event = link_.next_event();
    EXPECT_TRUE(event);
    client_->kill();
    if (event) link_.release(event->id, proxy::Release::kCut);
    serve(acks_first);
    EXPECT_TRUE(drained());
    client_->kill();
    const auto effects = broker_.payloads("OUT");
    std::erase_if(inputs, [&](const std::string& input) { return effects.contains(input); });
    struck_ = event ? fmt::format("{}-{}", number, (event->stream_seq - 1) % 5) : "";
    return inputs;
  }

  std::string struck_;  // the input whose ack was held
};

TEST_F(NatsMoments, AServiceThatAcksBeforeItWorksLosesExactlyTheStruckMessageInEachTrial) {
  for (int number = 1; number <= 10; ++number) {
    const auto lost = trial(number, fault::Moment::kAfterAck, /*acks_first=*/true);
    EXPECT_EQ(lost, std::vector<std::string>{struck_});
  }
}

TEST_F(NatsMoments, AServiceThatAcksAfterItsWorkLosesNone) {
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(trial(number, fault::Moment::kBeforeAck, /*acks_first=*/false), std::vector<std::string>{});
  }
}

TEST_F(NatsMoments, AfterStoreStrikesBetweenStoreAndPubAck) {
  connect("libnats");
  link_.arm({.moment = fault::Moment::kAfterStore, .subject = "in.>"});
  client_->start("publish", {{"subject", "in.a"}, {"payload", "x"}});
  const auto event = link_.next_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stream, "IN");
  EXPECT_EQ(event->subject, "in.a");
  EXPECT_EQ(broker_.stored("IN"), event->stream_seq) << "stored, and the client still waits";
  EXPECT_TRUE(link_.release(event->id, proxy::Release::kPass));
  EXPECT_EQ(client_->answer().at("seq"), event->stream_seq);
}

TEST_F(NatsMoments, TheNthDeliveryOfASubjectIsHeld) {
  connect("libnats");
  link_.arm({.moment = fault::Moment::kNthDelivery, .subject = "in.a", .nth = 2});
  for (const char* payload : {"x", "y"}) broker_.store("in.a", payload);
  ASSERT_EQ(fetch().size(), 1U);
  client_->start("fetch", {{"stream", "IN"}, {"consumer", "worker"}, {"timeout_ms", 5000}});
  const auto event = link_.next_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stream_seq, 2U);
  EXPECT_EQ(event->consumer, "worker");
  link_.release(event->id, proxy::Release::kPass);
  EXPECT_EQ(client_->answer().at("messages").at(0).at("payload"), "y");
}

TEST_F(NatsMoments, AMomentThatNobodyReleasesGoesOnByItself) {
  connect("libnats");
  link_.arm({.moment = fault::Moment::kAfterStore, .longest = 200ms});
  EXPECT_EQ(publish("x").at("seq"), 1);
  EXPECT_TRUE(link_.next_event());
}

}  // namespace
}  // namespace squall::testing
