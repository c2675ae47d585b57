#include "router/nats/stream_publisher.h"

#include <gtest/gtest.h>

namespace router::nats {
namespace {

using Kind = PublishOutcome::Kind;

Kind kind_of(const char* payload) { return outcome_of(Message{.payload = payload}).kind; }

TEST(PublishOutcomes, TellStoredFromThereBefore) {
  EXPECT_EQ(kind_of(R"({"stream":"S","seq":7})"), Kind::stored);
  EXPECT_EQ(kind_of(R"({"stream":"S","seq":7,"duplicate":true})"), Kind::exists);
  EXPECT_EQ(kind_of(R"({"error":{"code":400,"err_code":10071,"description":"wrong"},"seq":0})"),
            Kind::exists);
}

TEST(PublishOutcomes, AnErrorIsARefusalWithItsText) {
  const auto outcome = outcome_of(Message{
      .payload =
          R"({"error":{"code":400,"err_code":10077,"description":"maximum bytes exceeded"},"seq":0})"});
  EXPECT_EQ(outcome.kind, Kind::refused);
  EXPECT_EQ(outcome.text, "maximum bytes exceeded (10077)");
}

TEST(PublishOutcomes, WithoutAnAnswerOnlyNoRespondersIsCertain) {
  EXPECT_EQ(outcome_of(std::unexpected(NoAnswer::timed_out)).kind, Kind::unknown);
  EXPECT_EQ(outcome_of(std::unexpected(NoAnswer::disconnected)).kind, Kind::disconnected);
  EXPECT_EQ(outcome_of(std::unexpected(NoAnswer::no_responders)).kind, Kind::refused);
  EXPECT_EQ(outcome_of(std::unexpected(NoAnswer::too_large)).kind, Kind::impossible);
  EXPECT_EQ(outcome_of(std::unexpected(NoAnswer::bad_subject)).kind, Kind::impossible);
}

TEST(PublishOutcomes, APhantomDuplicateOfNothingIsNotDone) {
  EXPECT_EQ(kind_of(R"({"seq":0,"duplicate":true})"), Kind::refused);
}

}  // namespace
}  // namespace router::nats
