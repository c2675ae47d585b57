#include "proxy/nats_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fault/nats_presets.h"
#include "wire/frame_parser.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using fault::NatsKind;
using nlohmann::json;
using wire::Sender;
using Fate = NatsDecision::Fate;
using End = NatsDecision::End;

constexpr const char* kAck = "PUB $JS.ACK.ORDERS.worker.1.7.7.5.0 4\r\n+ACK\r\n";
constexpr const char* kDelivery = "MSG orders.created 1 $JS.ACK.ORDERS.worker.1.7.7.5.0 2\r\nhi\r\n";
constexpr const char* kPublish = "PUB orders.created _INBOX.a.1 5\r\nhello\r\n";
constexpr const char* kPubAck = "MSG _INBOX.a.1 2 27\r\n{\"stream\":\"ORDERS\",\"seq\":7}\r\n";

// One connection of a link, established, with an inbox.
class NatsRulesTest : public ::testing::Test {
 protected:
  NatsRulesTest() {
    client("CONNECT {\"name\":\"orders-1\",\"headers\":true}\r\n");
    client("PING\r\n");
    server("PONG\r\n");
    client("SUB _INBOX.a.* 2\r\n");
  }
  void preset(std::string_view name, json attributes = json::object()) {
    auto fault = fault::nats_preset(std::string(name), name, attributes);
    ASSERT_TRUE(fault) << fault.error().message();
    add(*std::move(fault));
  }
  void add(fault::NatsFault fault) {
    if (fault.name.empty()) fault.name = "f";
    const auto added = rules_.add(std::move(fault));
    ASSERT_TRUE(added) << added.error().message();
    tracker_.need(rules_.needs());
  }
  NatsDecision client(std::string_view bytes) { return frame(Sender::kClient, bytes); }
  NatsDecision server(std::string_view bytes) { return frame(Sender::kServer, bytes); }
  NatsDecision frame(Sender sender, std::string_view bytes) {
    bytes_ = bytes;
    EXPECT_EQ(wire::parse_frame(bytes_, sender, {}, frame_).size, bytes_.size()) << bytes;
    const Sighting sighting = tracker_.see(sender, frame_);
    return rules_.decide({.connection = connection_, .sender = sender, .frame = ++number_}, sighting, frame_,
                         tracker_);
  }
  // Which of n equal frames are struck, as "x" and ".".
  std::string pattern(int n, const char* bytes = kAck) {
    std::string text;
    for (int i = 0; i < n; ++i) text += client(bytes).fault != 0 ? 'x' : '.';
    return text;
  }

  NatsRules rules_{base::Seed(7)};
  NatsTracker tracker_;
  std::uint64_t connection_ = 1;
  std::uint64_t number_ = 0;
  std::string bytes_;
  wire::Frame frame_;
};

TEST_F(NatsRulesTest, WithoutFaultsEverythingPasses) {
  for (const char* bytes : {kAck, kPublish}) {
    const auto decision = client(bytes);
    EXPECT_EQ(decision.fault, 0U);
    EXPECT_EQ(decision.fate, Fate::kPass);
    EXPECT_FALSE(decision.instead);
  }
}

TEST_F(NatsRulesTest, EachPresetDoesWhatItsNameSays) {
  struct Case {
    const char* preset;
    json attributes;
    Sender sender;
    const char* bytes;
    Fate fate;
  };
  const std::vector<Case> cases{
      {"ack_delay", {{"delay_ms", 300}}, Sender::kClient, kAck, Fate::kDelay},
      {"ack_drop", {{"consumer", "work*"}}, Sender::kClient, kAck, Fate::kDrop},
      {"nak_storm", {}, Sender::kClient, kAck, Fate::kPass},
      {"puback_drop", {}, Sender::kServer, kPubAck, Fate::kDrop},
      {"puback_delay", {{"delay_ms", 300}}, Sender::kServer, kPubAck, Fate::kDelay},
      {"publish_drop", {{"subject", "orders.>"}}, Sender::kClient, kPublish, Fate::kDrop},
      {"deliver_drop", {}, Sender::kServer, kDelivery, Fate::kDrop},
      {"deliver_duplicate", {}, Sender::kServer, kDelivery, Fate::kPass},
      {"ping_drop", {}, Sender::kClient, "PING\r\n", Fate::kDrop},
      {"no_responders", {}, Sender::kClient, kPublish, Fate::kDrop},
      {"permission_violation", {}, Sender::kClient, kPublish, Fate::kDrop},
      {"max_payload", {{"bytes", 4}}, Sender::kClient, kPublish, Fate::kDrop},
  };
  for (const Case& each : cases) {
    preset(each.preset, each.attributes.is_null() ? json::object() : each.attributes);
    const auto decision = frame(each.sender, each.bytes);
    EXPECT_NE(decision.fault, 0U) << each.preset;
    EXPECT_EQ(decision.fate, each.fate) << each.preset;
    EXPECT_TRUE(rules_.remove(each.preset));
    EXPECT_EQ(frame(each.sender, each.bytes).fault, 0U) << each.preset << " after its removal";
  }
}

TEST_F(NatsRulesTest, PresetsLeaveOtherFramesAlone) {
  preset("ack_drop", {{"stream", "ORDERS"}, {"consumer", "other"}});
  EXPECT_EQ(client(kAck).fault, 0U) << "another consumer";
  preset("puback_drop", {{"subject", "payments.>"}});
  client(kPublish);
  EXPECT_EQ(server(kPubAck).fault, 0U) << "another subject";
  preset("deliver_drop", {{"client", "payments*"}});
  EXPECT_EQ(server(kDelivery).fault, 0U) << "another client";
  preset("max_payload", {{"bytes", 5}});
  EXPECT_EQ(client(kPublish).fault, 0U) << "not larger";
  preset("publish_drop", {{"connection", 2}});
  EXPECT_EQ(client(kPublish).fault, 0U) << "another connection";
  connection_ = 2;
  EXPECT_NE(client(kPublish).fault, 0U);
}

TEST_F(NatsRulesTest, TheHandshakeIsLeftAlone) {
  preset("ping_drop");
  tracker_ = NatsTracker();
  EXPECT_EQ(client("PING\r\n").fault, 0U);
  EXPECT_EQ(client("SUB a 1\r\n").fault, 0U);
  EXPECT_NE(client("PING\r\n").fault, 0U);
}

TEST_F(NatsRulesTest, APubAckIsMatchedByTheSubjectOfItsPublish) {
  preset("puback_drop", {{"subject", "orders.*"}, {"stream", "ORDERS"}});
  client(kPublish);
  EXPECT_EQ(server(kPubAck).fate, Fate::kDrop);
}

TEST_F(NatsRulesTest, LimitsCount) {
  const fault::NatsMatch acks{.kinds = {NatsKind::kAck}};
  const std::vector<std::pair<fault::NatsLimit, const char*>> cases{
      {{}, "xxxxxxxx"},
      {{.from = 3}, "..xxxxxx"},
      {{.every = 3}, "x..x..x."},
      {{.count = 2}, "xx......"},
      {{.from = 2, .every = 2, .count = 3}, ".x.x.x.."},
  };
  for (const auto& [limit, expected] : cases) {
    add({.name = "f", .match = acks, .limit = limit, .action = fault::NatsDrop{}});
    EXPECT_EQ(pattern(8), expected);
    EXPECT_EQ(rules_.faults()[0].matched, 8U);
    EXPECT_EQ(rules_.faults()[0].struck,
              static_cast<std::size_t>(std::ranges::count(std::string(expected), 'x')));
    rules_.remove("f");
  }
}

TEST_F(NatsRulesTest, ProbabilityReplaysAndDependsOnSeedAndConnection) {
  const fault::NatsFault half{.name = "f",
                              .match = {.kinds = {NatsKind::kAck}},
                              .limit = {.probability = 0.5},
                              .action = fault::NatsDrop{}};
  const auto drawn = [&](std::uint64_t seed, std::uint64_t connection) {
    rules_ = NatsRules(base::Seed(seed));
    connection_ = connection;
    number_ = 0;
    add(half);
    return pattern(200);
  };
  const std::string first = drawn(7, 1);
  EXPECT_EQ(drawn(7, 1), first);
  EXPECT_NE(drawn(8, 1), first);
  EXPECT_NE(drawn(7, 2), first);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(first, 'x')), 100, 35);
}

TEST_F(NatsRulesTest, TheFirstFaultThatStrikesDecides) {
  add({.name = "second ack",
       .match = {.kinds = {NatsKind::kAck}},
       .limit = {.every = 2},
       .action = fault::NatsDrop{}});
  add({.name = "rest", .match = {.kinds = {NatsKind::kAck}}, .action = fault::NatsDelay{.delay = 1ms}});
  EXPECT_EQ(client(kAck).fate, Fate::kDrop);
  EXPECT_EQ(client(kAck).fate, Fate::kDelay);
}

TEST_F(NatsRulesTest, NakStormTurnsAnAckIntoANak) {
  preset("nak_storm", {{"delay_ms", 2}});
  EXPECT_EQ(client(kAck).instead, "PUB $JS.ACK.ORDERS.worker.1.7.7.5.0 23\r\n-NAK {\"delay\": 2000000}\r\n");
}

TEST_F(NatsRulesTest, NoRespondersAnswersOnTheInboxsSubscription) {
  preset("no_responders");
  EXPECT_EQ(client(kPublish).answer, "HMSG _INBOX.a.1 2 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
  EXPECT_EQ(client("PUB orders.created 1\r\nx\r\n").fault, 0U) << "who does not ask gets no answer";
}

TEST_F(NatsRulesTest, ErrorsAreSaidAsTheServerSaysThem) {
  preset("permission_violation");
  auto decision = client(kPublish);
  EXPECT_EQ(decision.answer, "-ERR 'Permissions Violation for Publish to \"orders.created\"'\r\n");
  EXPECT_EQ(decision.end, End::kNone);
  rules_.remove("permission_violation");
  preset("max_payload", {{"bytes", 1}});
  decision = client(kPublish);
  EXPECT_EQ(decision.answer, "-ERR 'Maximum Payload Violation'\r\n");
  EXPECT_EQ(decision.end, End::kClose);
}

TEST_F(NatsRulesTest, CorruptionChangesThePayloadAloneAndReplays) {
  add({.name = "f", .match = {.kinds = {NatsKind::kPublish}}, .action = fault::NatsCorrupt{.bytes = 1}});
  const auto first = client(kPublish).instead;
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), std::string_view(kPublish).size());
  EXPECT_NE(*first, kPublish);
  EXPECT_TRUE(first->starts_with("PUB orders.created _INBOX.a.1 5\r\n"));
  --number_;
  EXPECT_EQ(client(kPublish).instead, first);
  EXPECT_EQ(client("PUB a 0\r\n\r\n").fault, 0U) << "nothing to corrupt";
}

TEST_F(NatsRulesTest, AnswersAreReplaced) {
  add({.name = "f",
       .match = {.kinds = {NatsKind::kDelivery}},
       .action = fault::NatsReplaceAnswer{.payload = "no", .status = 409}});
  EXPECT_EQ(server(kDelivery).instead,
            "HMSG orders.created 1 $JS.ACK.ORDERS.worker.1.7.7.5.0 16 18\r\nNATS/1.0 409\r\n\r\nno\r\n");
}

TEST_F(NatsRulesTest, AConnectionFaultStrikesWhatLivesAndOnRequestWhatComes) {
  preset("disconnect_client", {{"reset", true}, {"client", "orders*"}});
  preset("slow_consumer", {{"new_connections", true}});
  EXPECT_EQ(client(kPublish).fault, 0U) << "frames are not struck";
  auto decisions = rules_.decide_connection(1, tracker_, /*is_new=*/false);
  ASSERT_EQ(decisions.size(), 2U);
  EXPECT_EQ(decisions[0].end, End::kReset);
  EXPECT_EQ(decisions[1].stop_reading, Sender::kServer);
  decisions = rules_.decide_connection(2, tracker_, /*is_new=*/true);
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0].stop_reading, Sender::kServer);
}

TEST_F(NatsRulesTest, TwoFaultsCannotHaveOneName) {
  preset("ack_drop");
  const auto again = rules_.add(*fault::nats_preset("ack_drop", "ack_drop", json::object()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), "there is a fault ack_drop already");
}

TEST(GlobMatches, StarsStandForAnything) {
  EXPECT_TRUE(glob_matches("orders", "orders"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("or*s-*", "orders-1"));
  EXPECT_TRUE(glob_matches("*-1", "a-1-1"));
  EXPECT_FALSE(glob_matches("orders", "orders-1"));
  EXPECT_FALSE(glob_matches("*-2", "orders-1"));
  EXPECT_FALSE(glob_matches("", "x"));
}

}  // namespace
}  // namespace squall::proxy
