#include "router/roles/decide_flow.h"

#include <gtest/gtest.h>

#include "router/board/board.h"
#include "router/roles/scripted_broker.h"

namespace router::roles {
namespace {

using namespace std::chrono_literals;
using board::Counter;
using messages::Json;
using Kind = nats::PublishOutcome::Kind;
using Events = std::vector<std::string>;

Json request_body(const std::string& id = "r-1") {
  return {{"version", "1"},
          {"request_id", id},
          {"tenant_id", "acme"},
          {"task", {{"type", "text"}, {"payload", 1}}}};
}

nats::PulledMessage pulled(const std::string& payload, std::uint64_t delivered = 1) {
  nats::PulledMessage pulled;
  pulled.message = {.subject = "router.v1.decide",
                    .reply = "$JS.ACK.x",
                    .headers = {{"Router-Reply-To", "_INBOX.me"}, {"Nats-Msg-Id", "m-1"}},
                    .payload = payload};
  pulled.tokens = {.stream = "ROUTER_DECIDE", .delivered = delivered, .stream_sequence = 7};
  pulled.received = squall::base::now();
  return pulled;
}

class DecideFlowTest : public testing::Test {
 protected:
  DecideFlowTest()
      : board_(*board::Board::create(1)),
        log_(*observe::Log::open({.level = observe::Level::error})),
        breakers_(config_.policy.breaker),
        flow_({.config = config_, .broker = broker_, .breakers = breakers_, .slot = slot(), .log = log_}) {}

  board::Slot& slot() { return board_.slot(board::Role::decide); }
  void take(const Json& body = request_body(), std::uint64_t delivered = 1) {
    flow_.take(pulled(body.dump(), delivered));
  }
  std::string id() const { return messages::read_decide_request(request_body().dump(), {})->id; }
  // The decision that the flow published, as it would be read back.
  nats::StoredAnswer stored_by_flow() const {
    return nats::StoredMessage{broker_.published.at(0).subject, 1, broker_.published.at(0).payload};
  }

  config::RouterConfig config_;
  board::Board board_;
  observe::Log log_;
  BreakerBank breakers_;
  ScriptedBroker broker_;
  DecideFlow flow_;
};

TEST_F(DecideFlowTest, StoresDecisionThenAssignmentThenRepliesThenAcks) {
  take();
  broker_.answer(Kind::stored);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.decision." + id(), "publish router.v1.assign." + id(),
                                    "send _INBOX.me", "ack"}));
  for (const auto& publication : broker_.published) {
    EXPECT_EQ(publication.message_id, id());
    EXPECT_TRUE(publication.first_on_subject);
  }
  EXPECT_EQ(Json::parse(broker_.sent[0].second)["decision"]["provider_id"], "default");
  EXPECT_EQ(flow_.desk().in_hand(), 0U);
  EXPECT_EQ(slot().counter(Counter::jetstream_ack), 1U);
}

TEST_F(DecideFlowTest, NothingIsAckedBeforeTheAssignmentIsStored) {
  take();
  EXPECT_EQ(broker_.events.size(), 1U);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events.back(), "publish router.v1.assign." + id());
  EXPECT_EQ(flow_.desk().in_hand(), 1U);
}

TEST_F(DecideFlowTest, ARequestThatWasDecidedBeforeGetsTheFirstAnswerAgain) {
  take();
  const auto first = stored_by_flow();
  broker_.answer(Kind::stored);
  broker_.answer(Kind::stored);
  const auto first_reply = broker_.sent.at(0).second;
  const auto first_assignment = broker_.published.at(1).payload;
  // Another task under the same key: the first one counts.
  auto other = request_body();
  other["task"]["payload"] = 2;
  broker_.events.clear();
  take(other, 2);
  broker_.answer(Kind::exists);
  broker_.answer_read(first);
  broker_.answer(Kind::exists);
  EXPECT_EQ(broker_.events,
            (Events{"publish router.v1.decision." + id(), "read ROUTER_DECISION router.v1.decision." + id(),
                    "publish router.v1.assign." + id(), "send _INBOX.me", "ack"}));
  EXPECT_EQ(broker_.sent.at(1).second, first_reply);
  EXPECT_EQ(broker_.published.at(3).payload, first_assignment);
  EXPECT_EQ(slot().counter(Counter::idempotency_hit), 1U);
  EXPECT_EQ(slot().counter(Counter::jetstream_redelivery), 1U);
}

// It kills whoever works on it, perhaps: then nobody ever sees it fail.
TEST_F(DecideFlowTest, ARequestDeliveredMoreOftenThanItsAttemptsIsNamedInTheLog) {
  testing::internal::CaptureStderr();
  const auto log = observe::Log::open({.level = observe::Level::warning});
  DecideFlow flow({.config = config_, .broker = broker_, .breakers = breakers_, .slot = slot(), .log = *log});
  flow.take(pulled(request_body().dump(), 5));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  flow.take(pulled(request_body().dump(), 6));
  const Json line = Json::parse(testing::internal::GetCapturedStderr());
  EXPECT_EQ(line["error_code"], "DELIVERED_OFTEN");
  EXPECT_EQ(line["stream_sequence"], 7);
  EXPECT_EQ(line["delivered"], 6);
}

TEST_F(DecideFlowTest, ADecisionStoredWithoutItsAssignmentIsCompleted) {
  take();
  const auto first = stored_by_flow();
  broker_.answer(Kind::unknown);  // stored, but the PubAck was lost
  EXPECT_EQ(broker_.events.back(), "nak 1.00 s");
  take(request_body(), 2);
  broker_.answer(Kind::exists);
  broker_.answer_read(first);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events.back(), "ack");
}

TEST_F(DecideFlowTest, AStoredDecisionOfAnotherTenantIsNeverGivenOut) {
  take();
  auto body = Json::parse(broker_.published.at(0).payload);
  body["tenant_id"] = "globex";
  broker_.answer(Kind::exists);
  broker_.answer_read(nats::StoredMessage{"s", 1, body.dump()});
  EXPECT_EQ(broker_.events.back(), "publish router.v1.decide.dlq");
  EXPECT_EQ(broker_.published.back().headers.get("x-dlq-reason"), "internal");
  broker_.answer(Kind::stored);
  EXPECT_EQ(Json::parse(broker_.sent.at(0).second)["error"]["code"], "internal");
}

TEST_F(DecideFlowTest, AnInvalidRequestIsDeadLetteredThenAnsweredThenAcked) {
  flow_.take(pulled("not json"));
  EXPECT_EQ(broker_.events, Events{"publish router.v1.decide.dlq"});
  const auto& letter = broker_.published.at(0);
  EXPECT_EQ(letter.headers.get("x-dlq-reason"), "invalid_request");
  EXPECT_EQ(letter.headers.get("x-original-msg-id"), "m-1");
  EXPECT_EQ(letter.payload.find("not json\""), std::string::npos) << "only its hash may go along";
  EXPECT_EQ(Json::parse(letter.payload)["payload_bytes"], 8);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.decide.dlq", "send _INBOX.me", "ack"}));
  EXPECT_EQ(slot().counter(Counter::dlq), 1U);
}

TEST_F(DecideFlowTest, ADeadLetterThatCannotBeStoredIsNotAcked) {
  flow_.take(pulled("not json"));
  broker_.answer(Kind::refused, "maximum bytes exceeded");
  EXPECT_EQ(broker_.events.back(), "nak 1.00 s");
}

TEST_F(DecideFlowTest, EachAttemptThatFailsWaitsLongerAndTheFifthIsTheLast) {
  Events naks;
  for (std::uint64_t delivery = 1; delivery <= 4; ++delivery) {
    take(request_body(), delivery);
    broker_.answer(Kind::refused, "no stream takes this subject");
    naks.push_back(broker_.events.back());
  }
  EXPECT_EQ(naks, (Events{"nak 1.00 s", "nak 5.00 s", "nak 15.00 s", "nak 15.00 s"}));
  take(request_body(), 5);
  broker_.answer(Kind::refused, "no stream takes this subject");
  EXPECT_EQ(broker_.events.back(), "publish router.v1.decide.dlq");
  EXPECT_EQ(broker_.published.back().headers.get("x-dlq-reason"), "attempts_exhausted");
  EXPECT_EQ(broker_.published.back().payload, request_body().dump()) << "a valid payload goes along";
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events.back(), "ack");
}

TEST_F(DecideFlowTest, DeliveriesThatItDidNotSeeFailDoNotCount) {
  take(request_body(), 500);
  broker_.answer(Kind::refused);
  EXPECT_EQ(broker_.events.back(), "nak 1.00 s");
}

TEST_F(DecideFlowTest, AMessageWhoseDecisionIsStoredIsNeverDeadLettered) {
  for (std::uint64_t delivery = 1; delivery <= 12; ++delivery) {
    take(request_body(), delivery);
    broker_.answer(Kind::stored);
    broker_.answer(Kind::refused);
    EXPECT_EQ(broker_.events.back().substr(0, 3), "nak");
  }
}

TEST_F(DecideFlowTest, WhatALostConnectionCutOffIsDoneAgainOnTheNextOne) {
  take();
  broker_.answer(Kind::stored);
  broker_.is_connected = false;
  broker_.answer(Kind::disconnected);
  EXPECT_EQ(broker_.events.back(), "publish router.v1.assign." + id()) << "no ack, no nak";
  EXPECT_EQ(flow_.desk().in_hand(), 1U);
  broker_.events.clear();
  broker_.is_connected = true;
  flow_.desk().connected();
  const auto first = stored_by_flow();
  broker_.answer(Kind::exists);
  broker_.answer_read(first);
  broker_.answer(Kind::exists);
  EXPECT_EQ(broker_.events.back(), "ack");
  EXPECT_EQ(flow_.desk().in_hand(), 0U);
}

TEST_F(DecideFlowTest, ALossRightBeforeTheReplyOrTheAckLosesNothing) {
  take();
  broker_.answer(Kind::stored);
  broker_.is_connected = false;
  broker_.answer(Kind::stored);
  EXPECT_EQ(flow_.desk().in_hand(), 1U) << "neither replied nor acked";
  broker_.is_connected = true;
  flow_.desk().connected();
  EXPECT_EQ(broker_.events.back(), "publish router.v1.decision." + id());
}

TEST_F(DecideFlowTest, ALossDoesNotCountAsAFailedAttempt) {
  for (int i = 0; i < 10; ++i) {
    take();
    broker_.is_connected = false;
    broker_.answer(Kind::disconnected);
    broker_.is_connected = true;
    flow_.desk().connected();
    broker_.answer(Kind::stored);
    broker_.answer(Kind::stored);
    EXPECT_EQ(broker_.events.back(), "ack");
  }
}

TEST_F(DecideFlowTest, ManyRequestsAreUnderWayAtOnce) {
  for (int i = 0; i < 100; ++i) take(request_body("r-" + std::to_string(i)));
  EXPECT_EQ(broker_.published.size(), 100U);
  EXPECT_EQ(flow_.desk().in_hand(), 100U);
  EXPECT_EQ(slot().in_flight(), 100);
  for (int i = 0; i < 200; ++i) broker_.answer(Kind::stored);
  EXPECT_EQ(flow_.desk().in_hand(), 0U);
}

TEST_F(DecideFlowTest, WithoutPushThereIsNoAssignment) {
  auto body = request_body();
  body["push_assignment"] = false;
  take(body);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.decision." + id(), "send _INBOX.me", "ack"}));
}

TEST_F(DecideFlowTest, AForbiddenReplySubjectGetsNoReply) {
  auto message = pulled(request_body().dump());
  message.message.headers = {{"Router-Reply-To", "router.v1.decide"}};
  flow_.take(message);
  broker_.answer(Kind::stored);
  broker_.answer(Kind::stored);
  EXPECT_TRUE(broker_.sent.empty());
  EXPECT_EQ(broker_.events.back(), "ack");
}

TEST_F(DecideFlowTest, WhenAllBreakersAreOpenTheRequestWaits) {
  for (int i = 0; i < 5; ++i) breakers_.record("acme", "default", false, squall::base::now());
  take();
  broker_.answer_read(std::unexpected(nats::NotRead::absent));
  EXPECT_EQ(broker_.events.back(), "nak 1.00 s");
}

TEST_F(DecideFlowTest, ADuplicateGetsItsAnswerEvenWhenAllBreakersAreOpen) {
  take();
  const auto first = stored_by_flow();
  broker_.answer(Kind::stored);
  broker_.answer(Kind::stored);
  for (int i = 0; i < 5; ++i) breakers_.record("acme", "default", false, squall::base::now());
  take(request_body(), 2);
  broker_.answer_read(first);
  broker_.answer(Kind::exists);
  EXPECT_EQ(broker_.sent.at(1).second, broker_.sent.at(0).second);
  EXPECT_EQ(broker_.events.back(), "ack");
}

TEST_F(DecideFlowTest, AnUnknownPolicyIsRefused) {
  auto body = request_body();
  body["policy_id"] = "nope";
  take(body);
  broker_.answer_read(std::unexpected(nats::NotRead::absent));
  broker_.answer(Kind::stored);
  EXPECT_EQ(Json::parse(broker_.sent.at(0).second)["error"]["code"], "policy_not_found");
}

TEST_F(DecideFlowTest, LongWorkTellsTheBroker) {
  take();
  flow_.desk().tell_progress(squall::base::now() + 9s);
  EXPECT_EQ(broker_.events.size(), 1U);
  flow_.desk().tell_progress(squall::base::now() + 11s);
  EXPECT_EQ(broker_.events.back(), "progress");
}

}  // namespace
}  // namespace router::roles
