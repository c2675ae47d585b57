#include "router/messages/decide_request.h"

#include <gtest/gtest.h>

#include "router/messages/effect_id.h"

namespace router::messages {
namespace {

const RequestRules kRules{.tenants = {}, .assignment_subjects = {"router.v1.assign.>"}};

Json good() {
  return {{"version", "1"},
          {"request_id", "r-1"},
          {"tenant_id", "acme"},
          {"task", {{"type", "text"}, {"payload", {{"x", 1}}}}}};
}

Json with(const char* field, const Json& value) {
  auto body = good();
  body[field] = value;
  return body;
}

Json without(const char* field) {
  auto body = good();
  body.erase(field);
  return body;
}

std::string refusal(const Json& body, const RequestRules& rules = kRules) {
  const auto request = read_decide_request(body.dump(), rules);
  return request ? "accepted" : request.error().code + ": " + request.error().message;
}

TEST(DecideRequest, ASmallOneIsAccepted) {
  const auto request = read_decide_request(good().dump(), kRules);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->request_id, "r-1");
  EXPECT_EQ(request->tenant_id, "acme");
  EXPECT_EQ(request->key, "r-1");
  EXPECT_EQ(request->id, effect_id({"acme", "r-1"}));
  EXPECT_TRUE(request->push_assignment);
}

TEST(DecideRequest, UnknownFieldsAreKept) {
  const auto request = read_decide_request(with("colour", "blue").dump(), kRules);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body["colour"], "blue");
}

TEST(DecideRequest, TheIdempotencyKeyTakesTheRequestIdsPlace) {
  const auto request = read_decide_request(with("idempotency_key", "k").dump(), kRules);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, effect_id({"acme", "k"}));
}

TEST(DecideRequest, EachRuleNamesWhatIsWrong) {
  const std::string long_key(257, 'k');
  const std::vector<std::pair<Json, std::string>> cases{
      {without("version"), "invalid_request: version is missing"},
      {with("version", "2"), "invalid_request: version must be \"1\""},
      {with("version", 1), "invalid_request: version must be \"1\""},
      {without("tenant_id"), "invalid_request: tenant_id is missing"},
      {with("tenant_id", ""), "invalid_request: tenant_id must have 1 to 256 bytes"},
      {with("tenant_id", 7), "invalid_request: tenant_id must be a string"},
      {with("tenant_id", "a\r\nb"), "invalid_request: tenant_id must not have control characters"},
      {with("tenant_id", std::string("a\0b", 3)),
       "invalid_request: tenant_id must not have control characters"},
      {with("run_id", "r"), "invalid_request: run_id, flow_id and step_id go together: all or none"},
      {with("idempotency_key", ""), "invalid_request: idempotency_key must have 1 to 256 bytes"},
      {with("idempotency_key", long_key), "invalid_request: idempotency_key must have 1 to 256 bytes"},
      {with("idempotency_key", 7), "invalid_request: idempotency_key must be a string"},
      {without("request_id"), "invalid_request: request_id is missing"},
      {without("task"), "invalid_request: task is missing"},
      {with("task", "x"), "invalid_request: task must be an object"},
      {with("task", {{"payload", 1}}), "invalid_request: task: type is missing"},
      {with("task", {{"type", "t"}}), "invalid_request: task needs either payload or payload_ref"},
      {with("task", {{"type", "t"}, {"payload", 1}, {"payload_ref", "x"}}),
       "invalid_request: task needs either payload or payload_ref"},
      {with("push_assignment", "no"), "invalid_request: push_assignment must be true or false"},
      {with("metadata", "x"), "invalid_request: metadata must be an object"},
      {with("assignment_subject", "router.v1.usage.x"),
       "unauthorized: assignment_subject router.v1.usage.x is not allowed"},
      {with("assignment_subject", "$JS.API.STREAM.DELETE.X"),
       "unauthorized: assignment_subject $JS.API.STREAM.DELETE.X is not allowed"},
      {with("assignment_subject", "router.v1.assign.>"),
       "unauthorized: assignment_subject router.v1.assign.> is not allowed"},
  };
  for (const auto& [body, expected] : cases) EXPECT_EQ(refusal(body), expected);
}

TEST(DecideRequest, CorrelationIdsAreAcceptedTogether) {
  auto body = good();
  body["run_id"] = "r";
  body["flow_id"] = "f";
  body["step_id"] = "s";
  EXPECT_EQ(refusal(body), "accepted");
}

TEST(DecideRequest, NullIsAsAbsent) {
  auto body = with("policy_id", nullptr);
  body["options"] = nullptr;
  EXPECT_EQ(refusal(body), "accepted");
}

TEST(DecideRequest, OnlyAllowedTenantsAreServed) {
  RequestRules rules = kRules;
  rules.tenants = {"globex"};
  EXPECT_EQ(refusal(good(), rules), "unauthorized: tenant acme is not allowed");
  rules.tenants = {"globex", "acme"};
  EXPECT_EQ(refusal(good(), rules), "accepted");
}

TEST(DecideRequest, RulesAreCheckedInTheirOrder) {
  auto body = without("version");
  body.erase("tenant_id");
  body.erase("task");
  EXPECT_EQ(refusal(body), "invalid_request: version is missing");
  RequestRules rules = kRules;
  rules.tenants = {"globex"};
  EXPECT_EQ(refusal(without("task"), rules), "invalid_request: task is missing") << "before the allow-list";
}

TEST(DecideRequest, SizeIsCheckedBeforeAnythingIsParsed) {
  RequestRules rules = kRules;
  rules.payload_bytes = 10;
  const auto request = read_decide_request("not json at all", rules);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().message, "15 bytes, and 10 are allowed");
}

TEST(DecideRequest, WhatIsNotAnObjectIsRefused) {
  for (const char* text : {"", "7", "[]", "null", "{", "{}x", "\"x\"", "{\"a\":1e999}", "{\"a\":\"\xff\"}"}) {
    const auto request = read_decide_request(text, kRules);
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error().code, "invalid_request");
  }
}

// A megabyte of brackets parses, but overflows the stack when written out again: such a message would kill
// each role that it is delivered to.
TEST(DecideRequest, DeepNestingIsRefusedBeforeItCanOverflowTheStack) {
  const std::string deep =
      R"({"version":"1","x":)" + std::string(500'000, '[') + std::string(500'000, ']') + "}";
  const auto request = read_decide_request(deep, kRules);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().message, "nested more than 64 levels deep");
}

TEST(DecideRequest, BracketsInsideStringsAreNotNesting) {
  EXPECT_EQ(refusal(with("note", std::string(1000, '[') + "\"\\")), "accepted");
}

TEST(DecideRequest, ARefusalCarriesTheIdsItCouldRead) {
  auto body = without("task");
  body["trace_id"] = "t-9";
  const auto request = read_decide_request(body.dump(), kRules);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().request_id, "r-1");
  EXPECT_EQ(request.error().trace_id, "t-9");
}

}  // namespace
}  // namespace router::messages
