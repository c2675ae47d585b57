#include "draft/sample.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::draft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Sample, WhatLooksPersonalIsReplacedAndNamed) {
  const auto cleaned = clean_sample(
      R"({"order_id": "A-1", "customer": {"name": "Ada", "contact": "ada@example.org", "phone": 4711},
          "product_name": "bolt", "lines": [{"iban": "DE02", "n": 2}]})");
  ASSERT_TRUE(cleaned);
  EXPECT_EQ(cleaned->text,
            R"({"order_id":"A-1","customer":{"name":"xxxx","contact":"someone@example.com","phone":0},)"
            R"("product_name":"bolt","lines":[{"iban":"xxxx","n":2}]})");
  EXPECT_THAT(cleaned->replaced,
              ElementsAre("/customer/name", "/customer/contact", "/customer/phone", "/lines/0/iban"));
}

TEST(Sample, WhatIsNoJsonObjectIsNone) {
  EXPECT_FALSE(clean_sample("order 17"));
  EXPECT_FALSE(clean_sample("[1, 2]"));
  EXPECT_FALSE(clean_sample("{\"a\": "));
  EXPECT_FALSE(clean_sample(""));
}

TEST(Matches, TheFieldThatDiffersAndComesOutAgainIsFirst) {
  std::vector<std::string> inputs;
  std::vector<std::string> effects;
  for (int i = 0; i < 40; ++i) {
    inputs.push_back(fmt::format(R"({{"order_id": "o{}", "currency": "EUR", "amount": {}}})", i, i % 3));
    effects.push_back(
        fmt::format(R"({{"of": {{"ref": "o{}"}}, "currency": "EUR", "amount": {}}})", i, i % 3));
  }
  const auto matches = find_matches(inputs, effects);
  ASSERT_FALSE(matches.empty());
  EXPECT_EQ(matches[0].input, "/order_id");
  EXPECT_EQ(matches[0].effect, "/of/ref");
  EXPECT_EQ(matches[0].effects_with_it, 40);
  EXPECT_EQ(matches[0].effects, 40);
}

TEST(Matches, OfASinglePairTheOneThatIsNamedLikeAnIdentityIsFirst) {
  const auto matches = find_matches({R"({"amount": 12, "status": "new", "order/id": "A-17"})"},
                                    {R"({"amount": 12, "status": "new", "order/id": "A-17"})"});
  ASSERT_EQ(matches.size(), 3U);
  EXPECT_EQ(matches[0].input, "/order~1id") << "as a JSON pointer";
}

TEST(Matches, AnAmountIsNoIdentityThoughItComesOutUnderItsOwnName) {
  const auto matches =
      find_matches({R"({"pid": "P-55", "amount": 12})"}, {R"({"payment": "P-55", "amount": 12})"});
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].input, "/pid");
  const auto unnamed =
      find_matches({R"({"what": "P-55", "amount": 12})"}, {R"({"of": "P-55", "amount": 12})"});
  ASSERT_EQ(unnamed.size(), 2U);
  EXPECT_EQ(unnamed[0].input, "/what");
}

TEST(Matches, NothingInCommonIsNone) {
  EXPECT_THAT(find_matches({R"({"a": 1})"}, {R"({"b": 2})"}), IsEmpty());
  EXPECT_THAT(find_matches({}, {R"({"b": 2})"}), IsEmpty());
  EXPECT_THAT(find_matches({"no json"}, {"neither"}), IsEmpty());
}

}  // namespace
}  // namespace squall::draft
