// The whole router with its worker on a real nats-server: what clients get, and what is stored, whoever dies.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <iostream>
#include <set>
#include <thread>

#include "base/unique_fd.h"
#include "tests/support/router_on_nats.h"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing_support::BlockingClient;
using testing_support::eventually;
using testing_support::request_body;
using testing_support::requests;
using testing_support::RouterOnNats;
using testing_support::Scratch;
using testing_support::WorkerProcess;

constexpr auto kDrained = 40s;

TEST_F(RouterOnNats, EachRequestGetsOneAssignmentOneUsageEventAndItsReply) {
  start_everything();
  client().listen("_INBOX.replies.>");
  auto all = requests(300);
  for (auto& publication : all)
    publication.headers.add("Router-Reply-To", "_INBOX.replies." + publication.message_id);
  client().publish_until_acked(all);
  expect_one_effect_each(300);
  expect_nothing_unfinished();
  ASSERT_TRUE(eventually([&] { return client().heard().size() >= 300; }));
  std::set<std::string> answered;
  for (const auto& reply : client().heard()) {
    const auto body = json::parse(reply.payload);
    EXPECT_EQ(body["ok"], true);
    EXPECT_EQ("_INBOX.replies." + body["context"]["request_id"].get<std::string>(), reply.subject);
    answered.insert(reply.subject);
  }
  EXPECT_EQ(answered.size(), 300U);
  EXPECT_EQ(client().stored("ROUTER_DLQ"), 0U);
}

TEST_F(RouterOnNats, DuplicatesOfARequestGetTheFirstAnswerAgainAndNoSecondEffect) {
  start_everything();
  client().listen("_INBOX.replies.>");
  auto body = request_body("r-0");
  body["idempotency_key"] = "once";
  for (int i = 0; i < 5; ++i) {
    body["task"]["payload"] = i;  // not even the same task
    client().publish_until_acked({{.subject = "router.v1.decide",
                                   .payload = body.dump(),
                                   .headers = {{"Router-Reply-To", "_INBOX.replies.x"}}}});
  }
  ASSERT_TRUE(eventually([&] { return client().heard().size() >= 5; }));
  for (const auto& reply : client().heard()) EXPECT_EQ(reply.payload, client().heard()[0].payload);
  expect_one_effect_each(1);
  EXPECT_EQ(client().stored("ROUTER_DECISION"), 1U);
  EXPECT_TRUE(eventually([&] {
    return router_->metric("router_idempotency_hit_total{process=\"decide-0\"}") +
               router_->metric("router_idempotency_hit_total{process=\"decide-1\"}") ==
           4;
  })) << router_->get("/metrics").body;
}

TEST_F(RouterOnNats, WhatCanNeverSucceedIsAnsweredAndGoesToTheDeadLetterQueue) {
  start_everything();
  client().listen("_INBOX.replies.>");
  auto no_tenant = request_body("r-0");
  no_tenant.erase("tenant_id");
  const std::string deep = std::string(200'000, '[');
  for (const std::string& payload : {std::string("not json"), no_tenant.dump(), deep, std::string()}) {
    client().publish_until_acked({{.subject = "router.v1.decide",
                                   .payload = payload,
                                   .headers = {{"Router-Reply-To", "_INBOX.replies.x"}}}});
  }
  client().publish_until_acked({{.subject = "router.v1.result", .payload = R"({"assignment_id":"a.b"})"}});
  EXPECT_TRUE(eventually([&] { return client().stored("ROUTER_DLQ") == 5; }));
  EXPECT_TRUE(eventually([&] { return client().heard().size() == 4; }));
  for (const auto& reply : client().heard()) {
    EXPECT_EQ(json::parse(reply.payload)["error"]["code"], "invalid_request");
  }
  expect_nothing_unfinished();
  EXPECT_EQ(client().stored("ROUTER_ASSIGN"), 0U);
  EXPECT_EQ(json::parse(router_->get("/state").body)["restarts"].is_null(), true);
}

TEST_F(RouterOnNats, ABrokerKilledInMidFlowLosesAndDoublesNothing) {
  start_everything();
  constexpr int kRequests = 1500;
  const auto all = requests(kRequests);
  client();
  std::jthread publishing([&] { client().publish_until_acked(all, 20); });
  BlockingClient watcher(broker_.url());
  ASSERT_TRUE(eventually([&] { return watcher.stored("ROUTER_ASSIGN") > kRequests / 4; }));
  const auto before = router_->pids();
  broker_.kill();
  ASSERT_TRUE(eventually([&] { return router_->logged("NATS connection lost").size() >= 4; }));
  broker_.start();
  publishing.join();
  expect_one_effect_each(kRequests);
  expect_nothing_unfinished();
  ASSERT_TRUE(eventually([&] { return router_->logged("NATS connection restored").size() >= 4; }));
  EXPECT_EQ(router_->logged("NATS connection lost")[0]["error_code"], "NATS_CONNECTION_LOST");
  EXPECT_EQ(router_->pids(), before) << "nobody was restarted";
  EXPECT_TRUE(eventually([&] { return router_->ready(); }));
}

// The restarted server knows when it stored the first usage event: this takes no client's reconnect into
// account but the router's and the worker's.
TEST_F(RouterOnNats, WorkFlowsAgainRightAfterTheBrokerIsBack) {
  start_everything();
  const auto all = requests(4000);
  client();
  std::jthread publishing([&] { client().publish_until_acked(all, 4); });
  BlockingClient watcher(broker_.url());
  for (int round = 1; round <= 3; ++round) {
    const auto before = watcher.stored("ROUTER_USAGE");
    ASSERT_TRUE(eventually([&] { return watcher.stored("ROUTER_USAGE") > before + 100; }));
    broker_.kill();
    std::this_thread::sleep_for(300ms);  // an outage of some length; nothing is awaited here
    broker_.start();
    const auto ready = squall::base::wall_now();
    const auto first = first_usage_stored_after(watcher, ready);
    ASSERT_TRUE(first);
    std::cout << "server ready -> first usage event stored: " << squall::base::format_duration(*first - ready)
              << std::endl;
    EXPECT_LT(*first - ready, 1s);
  }
  publishing.join();
  expect_one_effect_each(4000);
}

TEST_F(RouterOnNats, ADecideRoleKilledInMidFlowLosesAndDoublesNothing) {
  start_everything();
  constexpr int kRequests = 1500;
  const auto all = requests(kRequests);
  client();
  std::jthread publishing([&] { client().publish_until_acked(all, 20); });
  BlockingClient watcher(broker_.url());
  ASSERT_TRUE(eventually([&] { return watcher.stored("ROUTER_ASSIGN") > kRequests / 4; }));
  kill(router_->pid("decide-0"), SIGKILL);
  ASSERT_TRUE(eventually([&] { return watcher.stored("ROUTER_ASSIGN") > kRequests / 2; }));
  kill(router_->pid("result"), SIGKILL);
  publishing.join();
  expect_one_effect_each(kRequests);
  expect_nothing_unfinished();
}

TEST_F(RouterOnNats, WaitsForNatsAtBootWithoutARestart) {
  broker_.kill();
  start_router();
  worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
  ASSERT_TRUE(eventually([&] { return router_->logged("waiting for NATS").size() >= 4; }));
  EXPECT_FALSE(router_->ready());
  const auto before = router_->pids();
  broker_.start();
  router_->wait_ready();
  EXPECT_EQ(router_->pids(), before);
  client().publish_until_acked(requests(10));
  expect_one_effect_each(10);
}

// A drain once waited 1.2 s for its open pulls to end, also where nothing came any more: every stop of an
// idle router took that long.
TEST_F(RouterOnNats, AnIdleRouterDrainsAtOnce) {
  start_everything();
  client().publish_until_acked(requests(10));
  expect_one_effect_each(10);
  const auto began = std::chrono::steady_clock::now();
  router_->signal(SIGTERM);
  EXPECT_EQ(router_->wait_exit(6s), 0) << router_->log();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

TEST_F(RouterOnNats, DrainsWithinItsDeadlineAndTheNextOneFinishesTheRest) {
  start_everything();
  constexpr int kRequests = 800;
  const auto all = requests(kRequests);
  client();
  std::jthread publishing([&] { client().publish_until_acked(all, 50); });
  BlockingClient watcher(broker_.url());
  ASSERT_TRUE(eventually([&] { return watcher.stored("ROUTER_ASSIGN") > kRequests / 4; }));
  router_->signal(SIGTERM);
  EXPECT_EQ(router_->wait_exit(6s), 0) << router_->log();
  for (const auto& line : router_->logged("drained")) EXPECT_EQ(line["left"], 0) << line;
  // What was handed to a role was finished, not left for ack_wait.
  const auto info = watcher.consumer("ROUTER_DECIDE", "router-decide");
  EXPECT_EQ(info["num_ack_pending"], 0);
  publishing.join();
  start_router();
  expect_one_effect_each(kRequests);
}

TEST_F(RouterOnNats, AConsumerDeletedBehindItsBackIsMadeAgain) {
  start_everything();
  client().publish_until_acked(requests(10));
  expect_one_effect_each(10);
  client().ask("$JS.API.CONSUMER.DELETE.ROUTER_DECIDE.router-decide");
  auto more = requests(20);
  client().publish_until_acked(more);
  expect_one_effect_each(20);
}

TEST_F(RouterOnNats, AStreamDeletedBehindItsBackIsMadeAgain) {
  start_everything();
  client().publish_until_acked(requests(10));
  expect_one_effect_each(10);
  for (const char* stream : {"ROUTER_ASSIGN", "ROUTER_USAGE"}) {
    client().ask(std::string("$JS.API.STREAM.DELETE.") + stream);
  }
  client().publish_until_acked({{.subject = "router.v1.decide", .payload = request_body("later").dump()}});
  EXPECT_TRUE(eventually([&] { return client().stored("ROUTER_USAGE") == 1; }, kDrained)) << router_->log();
}

// A server that says INFO and then nothing: libnats 3.4.1's Connect never returns, whatever its time-out, and
// eats a processor and memory, so that the process has to be replaced. Later ones (3.10) keep their time-out.
TEST(RouterAgainstASilentServer, NobodyHangsOnIt) {
  const Scratch scratch;
  const squall::base::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  WorkerProcess worker(fmt::format("nats://127.0.0.1:{}", ntohs(address.sin_port)), scratch);
  const squall::base::UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(connection);
  const std::string info =
      R"(INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"headers":true,"proto":1})";
  ASSERT_EQ(send(connection.get(), (info + "\r\n").data(), info.size() + 2, MSG_NOSIGNAL),
            static_cast<ssize_t>(info.size() + 2));
  const auto log = [&] { return testing_support::content_of(scratch / "worker.log"); };
  const auto tries_on = [&] { return log().find("NATS cannot be reached, trying on") != std::string::npos; };
  EXPECT_TRUE(eventually([&] { return tries_on() || worker.wait_exit(0s) == 75; }, 30s)) << log();
}

TEST_F(RouterOnNats, AStreamThatTakesOtherSubjectsIsRefusedByName) {
  client().ask_json("$JS.API.STREAM.CREATE.ROUTER_USAGE",
                    {{"name", "ROUTER_USAGE"}, {"subjects", {"something.else"}}, {"storage", "memory"}});
  start_router();
  ASSERT_TRUE(eventually([&] { return !router_->logged("waiting for JetStream").empty(); }));
  const auto line = router_->logged("waiting for JetStream")[0];
  EXPECT_EQ(line["what"], "stream ROUTER_USAGE");
  EXPECT_NE(line["reason"].get<std::string>().find("router.v1.usage.>"), std::string::npos);
  EXPECT_FALSE(router_->ready());
}

TEST_F(RouterOnNats, BackpressureComesWithAFrozenRoleAndGoesWithTheBacklog) {
  start_router("roles: {decide: 1}\nbackpressure: {pending: 300, active_after: 500ms}\n");
  worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
  router_->wait_ready();
  const auto status = [&] { return client().ask_json("router.v1.status.backpressure"); };
  EXPECT_EQ(status()["status"], "ok");
  kill(router_->pid("decide-0"), SIGSTOP);
  client().publish_until_acked(requests(1000));
  EXPECT_TRUE(eventually([&] { return status()["status"] == "overloaded"; }));
  EXPECT_EQ(status()["retry_after_ms"], 1000);
  EXPECT_EQ(router_->get("/readyz").status, 503);
  kill(router_->pid("decide-0"), SIGCONT);
  expect_one_effect_each(1000);
  EXPECT_TRUE(eventually([&] { return status()["state"] == "inactive"; }));
  EXPECT_TRUE(eventually([&] { return router_->ready(); }));
}

TEST_F(RouterOnNats, OperatorsCanAskForHealthAndForADryRun) {
  start_everything();
  EXPECT_EQ(client().ask_json("router.v1.admin.health")["status"], "ok");
  EXPECT_EQ(client().ask_json("router.v1.admin.dry_run", request_body("r-0"))["decision"]["provider_id"],
            "default");
  EXPECT_EQ(client().ask_json("router.v1.admin.dry_run", json{{"x", 1}})["error"]["code"], "invalid_request");
  EXPECT_TRUE(client().ask_json("router.v1.admin.circuit_breakers")["circuit_breakers"].is_array());
  EXPECT_EQ(client().stored("ROUTER_DECISION"), 0U) << "a dry run has no effect";
}

TEST_F(RouterOnNats, FailingJobsOpenTheBreakerAndTheRequestsWait) {
  start_router();
  worker_ =
      std::make_unique<WorkerProcess>(broker_.url(), scratch_, std::vector<std::string>{"--fail-every", "1"});
  router_->wait_ready();
  client().publish_until_acked(requests(10));
  EXPECT_TRUE(eventually([&] {
    const auto answer = client().ask_json("router.v1.admin.circuit_breakers");
    return !answer["circuit_breakers"].empty() && answer["circuit_breakers"][0]["state"] == "open";
  }));
  client().publish_until_acked({{.subject = "router.v1.decide", .payload = request_body("later").dump()}});
  EXPECT_TRUE(eventually([&] { return client().stored("ROUTER_DLQ") == 1; })) << "after five attempts";
}

TEST_F(RouterOnNats, TheWorkerDrainsAndExitsWithZero) {
  start_everything();
  const auto all = requests(200);
  client().publish_until_acked(all);
  worker_->signal(SIGTERM);
  EXPECT_EQ(worker_->wait_exit(6s), 0);
  worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
  expect_one_effect_each(200);
}

TEST_F(RouterOnNats, AFrozenBrokerIsNoticedAndWorkGoesOnWhenItThaws) {
  start_everything();
  client().publish_until_acked(requests(10));
  expect_one_effect_each(10);
  client_.reset();
  broker_.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return router_->logged("NATS connection lost").size() >= 4; }));
  EXPECT_FALSE(router_->ready());
  broker_.signal(SIGCONT);
  router_->wait_ready();
  client().publish_until_acked(requests(30));
  expect_one_effect_each(30);
}

}  // namespace
