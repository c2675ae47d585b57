#include "router/http/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace router::http {
namespace {

using namespace std::chrono_literals;
using board::Board;
using board::Role;
using board::Slot;
using board::State;
using testing::HasSubstr;
using testing::Not;

constexpr Instant kNow{1000s};

// A router with everything as it should be.
class RouterAnswers : public testing::Test {
 protected:
  RouterAnswers() : board_(std::move(*Board::create(2))) {
    int pid = 100;
    for (Slot& slot : board_.slots()) {
      slot.prepare(kNow - 10s);
      slot.set_pid(pid++);
      slot.set_state(State::running);
      slot.beat(kNow - 50ms);
      slot.set_nats_status(board::NatsStatus::connected);
      slot.set_consuming(slot.role() == Role::decide || slot.role() == Role::result);
    }
  }

  std::vector<std::string> failing() {
    std::vector<std::string> names;
    for (const Failing& one : failing_readiness(board_, config_, kNow)) {
      names.push_back(one.condition + " " + one.process);
    }
    return names;
  }
  bool live() { return answer_livez(board_, config_, kNow).status == 200; }

  config::RouterConfig config_;
  Board board_;
};

TEST_F(RouterAnswers, AHealthyRouterIsReadyAndLive) {
  const Answer answer = answer_readyz(board_, config_, kNow);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"ready\":true,\"failing\":[]}\n");
  EXPECT_TRUE(live());
}

TEST_F(RouterAnswers, EveryFailingConditionIsNamed) {
  config_.nats.urls = {"nats://user:secret@127.0.0.1:4222"};
  board_.slot(Role::decide, 0).set_nats_status(board::NatsStatus::connecting);
  board_.slot(Role::decide, 1).buried();
  board_.slot(Role::result).set_consuming(false);
  board_.slot(Role::admin).set_backpressure(board::Backpressure::active);
  board_.slot(Role::admin).set_pending(1234);
  const Answer answer = answer_readyz(board_, config_, kNow);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(
      answer.body,
      R"({"ready":false,"failing":[)"
      R"({"condition":"nats_disconnected","process":"decide-0","detail":"connecting to nats://127.0.0.1:4222"},)"
      R"({"condition":"role_down","process":"decide-1","detail":"dead"},)"
      R"({"condition":"not_consuming","process":"result","detail":"no pull is outstanding"},)"
      R"({"condition":"backpressure_active","process":"admin","detail":"1234 messages pending"}]})"
      "\n");
  EXPECT_TRUE(live());
}

TEST_F(RouterAnswers, AFrozenRoleIsNoticedByItsSilence) {
  board_.slot(Role::decide, 0).beat(kNow - 2s - 1ms);
  EXPECT_THAT(failing(), testing::ElementsAre("heartbeat_stale decide-0"));
  board_.slot(Role::decide, 0).beat(kNow - 2s);
  EXPECT_TRUE(failing().empty());
}

TEST_F(RouterAnswers, ARoleThatNeverGaveASignOfLifeIsNotReady) {
  Slot& slot = board_.slot(Role::admin);
  slot.prepare(kNow);
  slot.set_pid(7);
  slot.set_state(State::running);
  slot.set_nats_status(board::NatsStatus::connected);
  EXPECT_THAT(failing(), testing::ElementsAre("heartbeat_stale admin"));
}

TEST_F(RouterAnswers, AWarningOfBackpressureStillServes) {
  board_.slot(Role::admin).set_backpressure(board::Backpressure::warning);
  EXPECT_TRUE(failing().empty());
}

TEST_F(RouterAnswers, ADeadOrFrozenSupervisorIsNeitherLiveNorReady) {
  board_.slot(Role::supervisor).beat(kNow - 3s);
  EXPECT_FALSE(live());
  EXPECT_THAT(failing(), testing::ElementsAre("heartbeat_stale supervisor"));
  board_.slot(Role::supervisor).buried();
  EXPECT_FALSE(live());
}

TEST_F(RouterAnswers, ADrainingRouterIsLiveButNotReady) {
  for (Slot& slot : board_.slots()) slot.set_state(State::draining);
  EXPECT_TRUE(live());
  EXPECT_THAT(failing(), testing::Contains("draining decide-0"));
}

TEST(RouterAnswersAlone, WithoutAGuardianNobodyMissesIt) {
  Board board = std::move(*Board::create(1));
  Slot& supervisor = board.slot(Role::supervisor);
  supervisor.prepare(kNow);
  supervisor.set_pid(1);
  supervisor.set_state(State::running);
  supervisor.beat(kNow);
  EXPECT_EQ(answer_livez(board, {}, kNow).status, 200);
  const auto state = nlohmann::json::parse(answer_state(board, {}, kNow).body);
  EXPECT_EQ(state["tree"]["name"], "supervisor");
}

TEST_F(RouterAnswers, TheStateIsATree) {
  board_.slot(Role::decide, 1).count_restart();
  board_.slot(Role::result).buried();
  const auto state = nlohmann::json::parse(answer_state(board_, config_, kNow).body);
  EXPECT_EQ(state["tree"]["name"], "guardian");
  const auto& supervisor = state["tree"]["children"][0];
  EXPECT_EQ(supervisor["name"], "supervisor");
  ASSERT_EQ(supervisor["children"].size(), 4U);
  const auto& decide = supervisor["children"][1];
  EXPECT_EQ(decide["name"], "decide-1");
  EXPECT_EQ(decide["pid"], 103);
  EXPECT_EQ(decide["uptime_ms"], 10'000);
  EXPECT_EQ(decide["restarts"], 1);
  EXPECT_EQ(decide["nats"], "connected");
  const auto& result = supervisor["children"][2];
  EXPECT_EQ(result["state"], "dead");
  EXPECT_TRUE(result["pid"].is_null());
  EXPECT_TRUE(state["decide_p95_ms"].is_null());
}

TEST_F(RouterAnswers, MetricsNameEveryPromise) {
  board_.slot(Role::decide, 0).count(board::Counter::nats_connection_lost, 3);
  board_.slot(Role::decide, 0).set_nats_status(board::NatsStatus::connecting);
  board_.slot(Role::decide, 0).count_restart();
  board_.slot(Role::decide, 1).count_restart();
  board_.slot(Role::supervisor).count_restart();
  board_.slot(Role::admin).set_backpressure(board::Backpressure::warning);
  board_.slot(Role::admin).set_pending(77);
  board_.slot(Role::decide, 1).record_latency(3ms, kNow);
  board_.slot(Role::decide, 1).set_breaker("acme", "fast", board::Breaker::open);
  const Answer answer = answer_metrics(board_, config_, kNow);
  EXPECT_EQ(answer.status, 200);
  for (const char* line : {
           "router_ready 0\n",
           "router_nats_connection_status{process=\"decide-0\"} 0.5\n",
           "router_nats_connection_lost_total{process=\"decide-0\"} 3\n",
           "router_nats_connection_restored_total{process=\"decide-0\"} 0\n",
           "router_nats_reconnect_attempts_total{process=\"result\"} 0\n",
           "router_jetstream_redelivery_total{process=\"decide-0\"} 0\n",
           "router_jetstream_ack_total{process=\"decide-0\"} 0\n",
           "router_jetstream_maxdeliver_exhausted_total{process=\"admin\"} 0\n",
           "router_dlq_total{process=\"decide-0\"} 0\n",
           "router_backpressure_state 1\n",
           "router_pending_messages 77\n",
           "router_decide_latency_p95_seconds 0.00",
           "router_decide_latency_seconds_count{process=\"decide-1\"} 1\n",
           "router_decide_latency_seconds_sum{process=\"decide-1\"} 0.003\n",
           "router_decide_latency_seconds_bucket{process=\"decide-1\",le=\"0.0025\"} 0\n",
           "router_decide_latency_seconds_bucket{process=\"decide-1\",le=\"0.005\"} 1\n",
           "router_decide_latency_seconds_bucket{process=\"decide-1\",le=\"+Inf\"} 1\n",
           "router_circuit_breaker_state{process=\"decide-1\",tenant=\"acme\",provider=\"fast\"} 2\n",
           "router_worker_restarts_total{role=\"decide\"} 2\n",
           "router_worker_restarts_total{role=\"result\"} 0\n",
           "router_supervisor_restarts_total 1\n",
           "router_idempotency_hit_total{process=\"decide-0\"} 0\n",
       }) {
    EXPECT_THAT(answer.body, HasSubstr(line));
  }
}

TEST_F(RouterAnswers, WithoutARequestThereIsNoP95) {
  EXPECT_THAT(answer_metrics(board_, config_, kNow).body,
              Not(HasSubstr("\nrouter_decide_latency_p95_seconds")));
}

}  // namespace
}  // namespace router::http
