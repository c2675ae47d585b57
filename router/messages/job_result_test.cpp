#include "router/messages/job_result.h"

#include <gtest/gtest.h>

namespace router::messages {
namespace {

Json good() {
  return {{"assignment_id", "3f9c"}, {"request_id", "r-1"}, {"tenant_id", "acme"},
          {"provider_id", "gpt"},    {"status", "success"}, {"job", {{"type", "text"}, {"secret", 1}}},
          {"latency_ms", 20},        {"cost", 0.5},         {"colour", "blue"}};
}

std::string refusal(const Json& body) {
  const auto result = read_job_result(body.dump(), 1000);
  return result ? "accepted" : result.error().message;
}

Json with(const char* field, const Json& value) {
  auto body = good();
  body[field] = value;
  return body;
}

TEST(JobResult, BecomesAUsageEventWithTheSameIds) {
  const auto result = read_job_result(good().dump(), 1000);
  ASSERT_TRUE(result);
  EXPECT_EQ(usage_event(*result), Json::parse(R"({
    "version": "1", "assignment_id": "3f9c", "request_id": "r-1", "tenant_id": "acme", "provider_id": "gpt",
    "status": "success", "latency_ms": 20, "cost": 0.5, "job": {"type": "text"}})"));
}

TEST(JobResult, EachRuleNamesWhatIsWrong) {
  const std::vector<std::pair<Json, std::string>> cases{
      {good(), "accepted"},
      {with("tenant_id", nullptr), "accepted"},
      {with("status", "cancelled"), "accepted"},
      {with("status", "done"), "status must be success, error, timeout or cancelled"},
      {with("status", nullptr), "status is missing"},
      {with("assignment_id", "a.b"), "assignment_id must be one token of a subject"},
      {with("assignment_id", ">"), "assignment_id must be one token of a subject"},
      {with("assignment_id", ""), "assignment_id must have 1 to 256 bytes"},
      {with("request_id", 5), "request_id must be a string"},
      {with("provider_id", nullptr), "provider_id is missing"},
      {with("version", "2"), "version must be \"1\""},
      {with("latency_ms", "20"), "latency_ms must be a number"},
      {with("job", 1), "job must be an object"},
      {with("x", std::string(2000, 'x')),
       fmt::format("{} bytes, and 1000 are allowed", with("x", std::string(2000, 'x')).dump().size())},
  };
  for (const auto& [body, expected] : cases) EXPECT_EQ(refusal(body), expected);
  EXPECT_FALSE(read_job_result("{", 1000));
}

TEST(ProviderOutcomes, ComeBackAsTheyWere) {
  const auto back = read_provider_outcome(to_text(ProviderOutcome{"acme", "gpt", false}));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->tenant_id, "acme");
  EXPECT_EQ(back->provider_id, "gpt");
  EXPECT_FALSE(back->success);
  EXPECT_FALSE(read_provider_outcome("{}"));
  EXPECT_FALSE(read_provider_outcome(R"({"tenant_id":1,"provider_id":"x","success":true})"));
}

}  // namespace
}  // namespace router::messages
