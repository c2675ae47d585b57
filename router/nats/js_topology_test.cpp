#include "router/nats/js_topology.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace router::nats {
namespace {

using namespace std::chrono_literals;
using Kind = ApiVerdict::Kind;

const StreamSpec kStream{.name = "S", .subjects = {"router.v1.assign.>"}};
const ConsumerSpec kConsumer{.stream = "S", .durable = "d"};

Message answer(const char* payload) { return {.payload = payload}; }

TEST(Topology, AnAbsentStreamIsToBeCreated) {
  const auto verdict = verdict_on(
      kStream, answer(R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})"));
  EXPECT_EQ(verdict.kind, Kind::absent);
}

TEST(Topology, AStreamThatTakesMoreSubjectsWillDo) {
  EXPECT_EQ(verdict_on(kStream, answer(R"({"config":{"subjects":["router.v1.>"]}})")).kind, Kind::present);
}

TEST(Topology, AStreamThatLacksTheSubjectIsRefusedWithBothNamed) {
  const auto verdict =
      verdict_on(kStream, answer(R"({"config":{"subjects":["router.v1.assign.a", "orders"]}})"));
  EXPECT_EQ(verdict.kind, Kind::wrong);
  EXPECT_NE(verdict.text.find("router.v1.assign.>"), std::string::npos);
  EXPECT_NE(verdict.text.find("orders"), std::string::npos);
}

TEST(Topology, WaitsWhileJetStreamIsNotReady) {
  EXPECT_EQ(verdict_on(kStream, std::unexpected(NoAnswer::no_responders)).kind, Kind::unavailable);
  EXPECT_EQ(verdict_on(kStream, std::unexpected(NoAnswer::timed_out)).kind, Kind::unavailable);
  EXPECT_EQ(verdict_on(kStream, answer("")).kind, Kind::unavailable);
  const auto verdict = verdict_on(
      kStream,
      answer(
          R"({"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}})"));
  EXPECT_EQ(verdict.kind, Kind::unavailable);
  EXPECT_EQ(verdict.text, "JetStream system temporarily unavailable (10008)");
}

TEST(Topology, AConsumerMustBeOneThatIsPulledAndAcked) {
  EXPECT_EQ(verdict_on(kConsumer, answer(R"({"config":{"ack_policy":"explicit"}})")).kind, Kind::present);
  EXPECT_EQ(verdict_on(kConsumer, answer(R"({"config":{"ack_policy":"none"}})")).kind, Kind::wrong);
  EXPECT_EQ(
      verdict_on(kConsumer, answer(R"({"config":{"ack_policy":"explicit","deliver_subject":"x"}})")).kind,
      Kind::wrong);
}

TEST(Topology, ADuplicateWindowNeverExceedsTheAgeLimit) {
  StreamSpec spec = kStream;
  spec.max_age = 10s;
  const auto body = nlohmann::json::parse(create_request(spec));
  EXPECT_EQ(body["duplicate_window"], 10'000'000'000);
  EXPECT_EQ(body["max_age"], 10'000'000'000);
  EXPECT_EQ(body["num_replicas"], 1);
}

TEST(Topology, TheDurableHasNoServerSideDeliveryLimit) {
  const auto body = nlohmann::json::parse(create_request(kConsumer));
  EXPECT_EQ(body["config"]["max_deliver"], -1);
  EXPECT_FALSE(body["config"].contains("backoff"));
  EXPECT_FALSE(body["config"].contains("filter_subject"));
}

}  // namespace
}  // namespace router::nats
