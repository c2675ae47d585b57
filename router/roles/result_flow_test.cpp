#include "router/roles/result_flow.h"

#include <gtest/gtest.h>

#include "router/board/board.h"
#include "router/messages/decision.h"
#include "router/roles/scripted_broker.h"

namespace router::roles {
namespace {

using messages::Json;
using Kind = nats::PublishOutcome::Kind;
using Events = std::vector<std::string>;

Json result_body(const char* status = "success") {
  return {{"assignment_id", "3f9c"},
          {"request_id", "r-1"},
          {"tenant_id", "acme"},
          {"provider_id", "gpt"},
          {"status", status}};
}

class ResultFlowTest : public testing::Test {
 protected:
  ResultFlowTest()
      : board_(*board::Board::create(1)),
        log_(*observe::Log::open({.level = observe::Level::error})),
        flow_({.config = config_, .broker = broker_, .slot = board_.slot(board::Role::result), .log = log_}) {
  }

  void take(const std::string& payload, std::uint64_t sequence = 3) {
    nats::PulledMessage pulled;
    pulled.message = {.subject = "router.v1.result", .reply = "$JS.ACK.x", .payload = payload};
    pulled.tokens = {.stream = "ROUTER_RESULT", .delivered = 1, .stream_sequence = sequence};
    pulled.received = squall::base::now();
    flow_.take(std::move(pulled));
  }

  config::RouterConfig config_;
  board::Board board_;
  observe::Log log_;
  ScriptedBroker broker_;
  ResultFlow flow_;
};

TEST_F(ResultFlowTest, StoresTheUsageEventOnceThenTellsTheBreakersThenAcks) {
  take(result_body().dump());
  EXPECT_EQ(broker_.events, Events{"publish router.v1.usage.3f9c"}) << "not acked before the PubAck";
  EXPECT_EQ(broker_.published[0].message_id, "3f9c");
  EXPECT_TRUE(broker_.published[0].first_on_subject);
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.usage.3f9c", "send router.v1.outcome", "ack"}));
  EXPECT_EQ(Json::parse(broker_.published[0].payload)["tenant_id"], "acme");
}

TEST_F(ResultFlowTest, AResultThatCameBeforeIsAckedAndToldToNobody) {
  take(result_body().dump());
  broker_.answer(Kind::exists);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.usage.3f9c", "ack"}));
}

TEST_F(ResultFlowTest, FailuresAreToldAsFailuresAndCancellationsNotAtAll) {
  take(result_body("timeout").dump());
  broker_.answer(Kind::stored);
  EXPECT_EQ(Json::parse(broker_.sent.at(0).second)["success"], false);
  take(result_body("cancelled").dump());
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.sent.size(), 1U);
}

TEST_F(ResultFlowTest, WhoseItIsStandsInTheDecisionIfTheResultDoesNotSay) {
  auto body = result_body();
  body.erase("tenant_id");
  take(body.dump());
  EXPECT_EQ(broker_.events, Events{"read ROUTER_DECISION router.v1.decision.3f9c"});
  const messages::StoredDecision decision{
      .tenant_id = "globex", .key = "k", .request_id = "r-1", .response = "{}"};
  broker_.answer_read(nats::StoredMessage{"s", 1, messages::to_text(decision)});
  EXPECT_EQ(Json::parse(broker_.published.at(0).payload)["tenant_id"], "globex");
}

TEST_F(ResultFlowTest, AResultOfNobodysAssignmentGoesToTheDeadLetterQueueAtTheTenthAttempt) {
  auto body = result_body();
  body.erase("tenant_id");
  for (int attempt = 1; attempt <= 9; ++attempt) {
    take(body.dump());
    broker_.answer_read(std::unexpected(nats::NotRead::absent));
    EXPECT_EQ(broker_.events.back().substr(0, 3), "nak");
  }
  take(body.dump());
  broker_.answer_read(std::unexpected(nats::NotRead::absent));
  EXPECT_EQ(broker_.events.back(), "publish router.v1.result.dlq");
}

TEST_F(ResultFlowTest, ALostConnectionLosesNothing) {
  take(result_body().dump());
  broker_.is_connected = false;
  broker_.answer(Kind::disconnected);
  broker_.is_connected = true;
  flow_.desk().connected();
  broker_.answer(Kind::exists);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.usage.3f9c", "publish router.v1.usage.3f9c", "ack"}));
}

TEST_F(ResultFlowTest, AnInvalidResultIsDeadLettered) {
  take(R"({"assignment_id":"a.b"})");
  broker_.answer(Kind::stored);
  EXPECT_EQ(broker_.events, (Events{"publish router.v1.result.dlq", "ack"}));
}

}  // namespace
}  // namespace router::roles
