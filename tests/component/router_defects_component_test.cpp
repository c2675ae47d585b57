// Planted defects are of use only if they really do harm: each is shown to do its own.
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <thread>

#include "tests/support/router_on_nats.h"

namespace {

using namespace std::chrono_literals;
using testing_support::BlockingClient;
using testing_support::eventually;
using testing_support::request_body;
using testing_support::requests;
using testing_support::RouterOnNats;
using testing_support::WorkerProcess;

class DefectiveRouterOnNats : public RouterOnNats {
 protected:
  void start_with(const std::string& defect) {
    start_router("", {"--defect", defect});
    worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
    router_->wait_ready();
  }
  // Publishes at a steady pace, and does something when a part of the requests has been assigned.
  void publish_and_when_under_way(int count, const std::function<void()>& something) {
    const auto all = requests(count);
    client();
    std::jthread publishing([&] { client().publish_until_acked(all, 20); });
    BlockingClient watcher(broker_.url());
    EXPECT_TRUE(
        eventually([&] { return watcher.stored("ROUTER_ASSIGN") > static_cast<std::uint64_t>(count) / 4; }));
    something();
  }
  // After everything was delivered and acked.
  std::map<std::string, int> assignments_in_the_end() {
    expect_nothing_unfinished();
    std::uint64_t before = 0;
    eventually([&] {
      const auto now = client().stored("ROUTER_ASSIGN");
      return std::exchange(before, now) == now;
    });
    return client().count_by_request("ROUTER_ASSIGN");
  }
};

TEST_F(DefectiveRouterOnNats, AckingBeforeTheAssignmentLosesRequestsWhenARoleIsKilled) {
  start_with("ack_before_assignment");
  publish_and_when_under_way(600, [&] { kill(router_->pid("decide-0"), SIGKILL); });
  EXPECT_LT(assignments_in_the_end().size(), 600U);
}

TEST_F(DefectiveRouterOnNats, WithoutMessageIdsARedeliveryHasASecondEffect) {
  start_with("no_message_id");
  client().publish_until_acked({{.subject = "router.v1.decide", .payload = request_body("r-0").dump()},
                                {.subject = "router.v1.decide", .payload = request_body("r-0").dump()}});
  EXPECT_EQ(assignments_in_the_end()["r-0"], 2);
  EXPECT_TRUE(eventually([&] { return client().stored("ROUTER_USAGE") == 2; }));
}

TEST_F(DefectiveRouterOnNats, LosingAtDrainLosesRequests) {
  start_with("lose_at_drain");
  publish_and_when_under_way(2000, [&] {
    router_->signal(SIGTERM);
    EXPECT_EQ(router_->wait_exit(6s), 0);
  });
  start_router();
  EXPECT_LT(assignments_in_the_end().size(), 2000U);
}

TEST_F(DefectiveRouterOnNats, GivingUpLeavesTheRolesAliveAndDeaf) {
  start_with("give_up_reconnecting");
  const auto before = router_->pids();
  broker_.kill();
  EXPECT_TRUE(eventually([&] { return router_->logged("NATS connection closed").size() == 4; }));
  broker_.start();
  EXPECT_EQ(router_->pids(), before);
  EXPECT_FALSE(router_->ready());
}

TEST_F(DefectiveRouterOnNats, NeverLeavingBackpressureStaysOverloaded) {
  start_router("roles: {decide: 1}\nbackpressure: {pending: 100, active_after: 100ms}\n",
               {"--defect", "never_leave_backpressure"});
  worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
  router_->wait_ready();
  kill(router_->pid("decide-0"), SIGSTOP);
  client().publish_until_acked(requests(600));
  const auto status = [&] { return client().ask_json("router.v1.status.backpressure")["status"]; };
  EXPECT_TRUE(eventually([&] { return status() == "overloaded"; }));
  kill(router_->pid("decide-0"), SIGCONT);
  expect_one_effect_each(600);
  expect_nothing_unfinished();
  EXPECT_FALSE(eventually([&] { return status() == "ok"; }, 2s));
}
}  // namespace
