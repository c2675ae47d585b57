#include "router/roles/provider_choice.h"

#include <gtest/gtest.h>

#include <map>

#include "router/messages/effect_id.h"

namespace router::roles {
namespace {

using namespace std::chrono_literals;

const config::PolicySettings kSettings{
    .providers = {{"a", {.id = "a", .priority = 1}},
                  {"b", {.id = "b", .priority = 2, .expected_latency = 2s, .expected_cost = 1.0}},
                  {"c", {.id = "c", .priority = 3}}},
    .policies = {{"main", {.id = "main", .weights = {{"a", 3}, {"b", 1}}, .fallbacks = {"c"}}}},
    .default_policy = "main"};

messages::DecideRequest request(const std::string& name, messages::Json extra = messages::Json::object()) {
  return {.request_id = name, .id = messages::effect_id({"t", name}), .body = std::move(extra)};
}

bool all(const std::string&) { return true; }

TEST(ProviderChoice, FollowsTheWeights) {
  std::map<std::string, int> chosen;
  for (int i = 0; i < 4000; ++i) {
    ++chosen[choose_provider(kSettings, request(std::to_string(i)), all)->provider_id];
  }
  EXPECT_NEAR(chosen["a"], 3000, 150);
  EXPECT_NEAR(chosen["b"], 1000, 150);
  EXPECT_EQ(chosen["c"], 0);
}

TEST(ProviderChoice, IsTheSameForTheSameId) {
  const auto first = choose_provider(kSettings, request("r"), all);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(choose_provider(kSettings, request("r"), all)->provider_id, first->provider_id);
  }
}

TEST(ProviderChoice, AsksTheFallbackBeforeTheOtherWeightedOnes) {
  std::vector<std::string> asked;
  const auto none = choose_provider(kSettings, request("r"), [&](const std::string& id) {
    asked.push_back(id);
    return false;
  });
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[1], "c");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "decision_failed");
  EXPECT_TRUE(none.error().may_succeed_later);
}

TEST(ProviderChoice, AsksNobodyAfterTheFirstThatIsAdmitted) {
  int asked = 0;
  const auto decision = choose_provider(kSettings, request("r"), [&](const std::string& id) {
    ++asked;
    return id == "c";
  });
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->provider_id, "c");
  EXPECT_EQ(decision->reason, "fallback");
  EXPECT_EQ(asked, 2);
}

TEST(ProviderChoice, LeavesOutWhatIsBeyondTheConstraints) {
  for (int i = 0; i < 50; ++i) {
    const auto decision = choose_provider(
        kSettings, request(std::to_string(i), {{"constraints", {{"max_latency_ms", 1000}}}}), all);
    ASSERT_TRUE(decision);
    EXPECT_NE(decision->provider_id, "b");
  }
  const auto none = choose_provider(kSettings, request("r", {{"constraints", {{"max_cost", 0.001}}}}), all);
  ASSERT_FALSE(none);
  EXPECT_FALSE(none.error().may_succeed_later);
}

TEST(ProviderChoice, AnUnknownPolicyIsNamed) {
  auto asking = request("r");
  asking.policy_id = "nope";
  const auto none = choose_provider(kSettings, asking, all);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "policy_not_found");
  EXPECT_EQ(none.error().message, "there is no policy nope");
}

}  // namespace
}  // namespace router::roles
