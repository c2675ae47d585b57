#include "router/messages/decision.h"

#include <gtest/gtest.h>

namespace router::messages {
namespace {

using namespace std::chrono_literals;

DecideRequest request_from(Json extra = Json::object()) {
  Json body{{"version", "1"},
            {"request_id", "r-1"},
            {"tenant_id", "acme"},
            {"trace_id", "t-1"},
            {"task", {{"type", "text"}, {"payload", "p"}, {"unknown", 3}}}};
  body.update(extra);
  auto request = read_decide_request(body.dump(), {.assignment_subjects = {"router.v1.assign.>"}});
  EXPECT_TRUE(request);
  return *request;
}

const Decision kDecision{.provider_id = "gpt", .channel = "nats", .priority = 7, .reason = "weighted"};

TEST(DecideResponses, HaveTheDecisionAndTheContext) {
  EXPECT_EQ(decide_response(request_from(), kDecision), Json::parse(R"({
    "ok": true,
    "decision": {"provider_id": "gpt", "priority": 7, "expected_latency_ms": 500, "expected_cost": 0.01,
                 "reason": "weighted"},
    "context": {"request_id": "r-1", "trace_id": "t-1"}})"));
}

TEST(DecideResponses, AnErrorSaysOnlyWhatIsKnown) {
  EXPECT_EQ(
      error_response({.code = "invalid_request", .message = "not JSON"}),
      Json::parse(R"({"ok":false,"error":{"code":"invalid_request","message":"not JSON"},"context":{}})"));
}

TEST(Assignments, CarryTheTaskAsItCame) {
  const auto json = assignment(
      request_from({{"metadata", {{"m", 1}}}, {"run_id", "r"}, {"flow_id", "f"}, {"step_id", "s"}}),
      kDecision);
  EXPECT_EQ(json["job"], Json::parse(R"({"type":"text","payload":"p","unknown":3})"));
  EXPECT_EQ(json["request_id"], "r-1");
  EXPECT_EQ(json["tenant_id"], "acme");
  EXPECT_EQ(json["assignment_id"], request_from().id);
  EXPECT_EQ(json["executor"], Json::parse(R"({"provider_id":"gpt","channel":"nats"})"));
  EXPECT_EQ(json["metadata"], Json::parse(R"({"m":1})"));
  EXPECT_EQ(json["correlation"],
            Json::parse(R"({"trace_id":"t-1","run_id":"r","flow_id":"f","step_id":"s"})"));
}

TEST(Assignments, TheDeadlineIsFiveTimesTheLatencyWithinBounds) {
  Decision decision = kDecision;
  const auto deadline = [&](std::chrono::nanoseconds latency) {
    decision.expected_latency = latency;
    return assignment(request_from({{"options", {{"deadline_ms", 1}, {"priority", 3}}}}),
                      decision)["options"];
  };
  EXPECT_EQ(deadline(500ms)["deadline_ms"], 5'000);
  EXPECT_EQ(deadline(3s)["deadline_ms"], 15'000);
  EXPECT_EQ(deadline(1h)["deadline_ms"], 60'000);
  EXPECT_EQ(deadline(1s)["priority"], 3) << "the client's options win";
}

TEST(StoredDecisions, ComeBackAsTheyWere) {
  const auto stored =
      stored_decision(request_from({{"assignment_subject", "router.v1.assign.gpu"}}), kDecision);
  const auto back = read_stored_decision(to_text(stored));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->tenant_id, "acme");
  EXPECT_EQ(back->key, "r-1");
  EXPECT_EQ(back->response, stored.response);
  EXPECT_EQ(back->assignment, stored.assignment);
  EXPECT_EQ(back->assignment_subject, "router.v1.assign.gpu");
}

TEST(StoredDecisions, WithoutPushThereIsNoAssignment) {
  const auto back =
      read_stored_decision(to_text(stored_decision(request_from({{"push_assignment", false}}), kDecision)));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->assignment, "");
}

TEST(StoredDecisions, WhatIsNotOneIsRefused) {
  for (const char* text :
       {"", "{}", R"({"version":"2"})", R"({"version":"1","tenant_id":7})",
        R"({"version":"1","tenant_id":"t","key":"k","request_id":"r","response":1,"assignment":null})"}) {
    EXPECT_FALSE(read_stored_decision(text)) << text;
  }
}

}  // namespace
}  // namespace router::messages
