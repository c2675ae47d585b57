// The router's processes under fire, with roles that do nothing (support/idle_router_main.cpp): who dies, who
// comes back, who is left. Broker-related behaviour is tested elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/running_router.h"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using squall::base::Instant;
using squall::base::now;
using testing::HasSubstr;
using testing_support::content_of;
using testing_support::eventually;
using testing_support::lives;
using testing_support::parent_of;
using testing_support::RouterOptions;
using testing_support::Scratch;

const std::vector<std::string> kRoles{"decide-0", "decide-1", "result", "admin"};

// The router with roles that do nothing.
class IdleRouter : public testing_support::RunningRouter {
 public:
  explicit IdleRouter(const Scratch& scratch, const RouterOptions& options = {})
      : RunningRouter(IDLE_ROUTER, scratch, options) {}
};

std::pair<int, std::string> output_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), IDLE_ROUTER);
  return testing_support::output_of(arguments);
}

void expect_all_dead(const std::map<std::string, int>& pids) {
  for (const auto& [name, pid] : pids) {
    EXPECT_TRUE(eventually([&, id = pid] { return !lives(id); })) << name << " " << pid;
  }
}

TEST(RouterProcesses, StartAsATreeAndSayWhoTheyAre) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  const auto pids = router.pids();
  EXPECT_EQ(pids.at("guardian"), router.top());
  EXPECT_EQ(parent_of(pids.at("supervisor")), pids.at("guardian"));
  for (const std::string& role : kRoles) EXPECT_EQ(parent_of(pids.at(role)), pids.at("supervisor")) << role;
  const auto state = json::parse(router.get("/state").body);
  EXPECT_EQ(state["tree"]["children"][0]["pid"], pids.at("supervisor"));
  EXPECT_EQ(router.get("/livez").status, 200);
  EXPECT_EQ(content_of(router.run_dir() + "/http.address"),
            "127.0.0.1:" + content_of(router.run_dir() + "/http.port"));
}

TEST(RouterProcesses, AKilledRoleComesBackAloneAndIsCounted) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  auto before = router.pids();
  kill(before["decide-1"], SIGKILL);
  ASSERT_TRUE(eventually(
      [&] { return router.pid("decide-1") != 0 && router.pid("decide-1") != before["decide-1"]; }));
  router.wait_ready();
  auto after = router.pids();
  EXPECT_FALSE(lives(before["decide-1"]));
  EXPECT_NE(after["decide-1"], before["decide-1"]);
  after.erase("decide-1");
  before.erase("decide-1");
  EXPECT_EQ(after, before);
  EXPECT_EQ(router.metric("router_worker_restarts_total{role=\"decide\"}"), 1);
  EXPECT_EQ(router.metric("router_worker_restarts_total{role=\"result\"}"), 0);
  EXPECT_EQ(router.metric("router_supervisor_restarts_total"), 0);
  // What the dead process counted is still there, and the new one has added to it.
  EXPECT_EQ(router.metric("router_jetstream_ack_total{process=\"decide-1\"}"), 2);
  const auto deaths = router.logged("role exited");
  ASSERT_EQ(deaths.size(), 1U);
  EXPECT_EQ(deaths[0]["process"], "decide-1");
  EXPECT_EQ(deaths[0]["signal"], "SIGKILL");
  EXPECT_EQ(deaths[0]["error_code"], "ROLE_EXITED");
}

TEST(RouterProcesses, AKilledSupervisorTakesAllRolesAlongAndAllComeBackNew) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  const auto before = router.pids();
  kill(before.at("supervisor"), SIGKILL);
  const Instant killed = now();
  ASSERT_TRUE(eventually([&] {
    for (const auto& [name, pid] : router.pids()) {
      if (pid == 0 || (name != "guardian" && pid == before.at(name))) return false;
    }
    return true;
  })) << router.log();
  router.wait_ready();
  EXPECT_LT(now() - killed, 5s);
  const auto after = router.pids();
  EXPECT_EQ(after.at("guardian"), before.at("guardian"));
  for (const std::string& role : kRoles) {
    EXPECT_FALSE(lives(before.at(role))) << role;
    EXPECT_EQ(parent_of(after.at(role)), after.at("supervisor")) << role;
  }
  EXPECT_EQ(router.metric("router_supervisor_restarts_total"), 1);
  EXPECT_EQ(router.metric("router_worker_restarts_total{role=\"decide\"}"), 0);
  EXPECT_EQ(router.logged("supervisor exited").size(), 1U);
}

TEST(RouterProcesses, ASupervisorKilledAgainAndAgainWhileItSpawnsLeavesNobodyBehind) {
  const Scratch scratch;
  IdleRouter router(scratch,
                    {.arguments = {}, .wish = "", .yaml = "router: 1\nsupervision: {backoff_max: 50ms}\n"});
  router.wait_ready();
  std::vector<int> roles;
  for (int round = 0; round < 20; ++round) {
    int supervisor = 0;
    ASSERT_TRUE(
        eventually([&] { return (supervisor = router.pid("supervisor")) != 0 && lives(supervisor); }));
    std::this_thread::sleep_for(round * 500us);  // somewhere in the 10 ms in which it starts its roles
    for (const std::string& role : kRoles) roles.push_back(router.pid(role));
    kill(supervisor, SIGKILL);
    ASSERT_TRUE(eventually([&] { return router.pid("supervisor") != supervisor; }));
  }
  ASSERT_TRUE(eventually([&] { return router.pid("supervisor") != 0; }));
  router.wait_ready();
  const auto now_running = router.pids();
  for (const int pid : roles) {
    if (pid == 0 || std::ranges::any_of(now_running, [&](const auto& one) { return one.second == pid; }))
      continue;
    EXPECT_FALSE(lives(pid)) << pid;
  }
  EXPECT_GE(router.metric("router_supervisor_restarts_total"), 19);
}

TEST(RouterProcesses, AKilledGuardianTakesEverybodyAlong) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  const auto pids = router.pids();
  router.signal(SIGKILL);
  EXPECT_EQ(router.wait_exit(), 1000 + SIGKILL);
  expect_all_dead(pids);
}

TEST(RouterProcesses, AfterAKillTheNextRouterStartsInTheSameRunDirAtOnce) {
  const Scratch scratch;
  {
    IdleRouter first(scratch);
    first.wait_ready();
    first.signal(SIGKILL);
    first.wait_exit();
  }
  IdleRouter second(scratch);
  second.wait_ready();
  EXPECT_EQ(second.pid("guardian"), second.top());
}

TEST(RouterProcesses, WhatARoleLeftBehindInItsOwnSessionDiesWithTheSupervisor) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {}, .wish = "fork:result:" + (scratch / "grandchild.pid")});
  router.wait_ready();
  int grandchild = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string text = content_of(scratch / "grandchild.pid");
    grandchild = text.ends_with('\n') ? std::stoi(text) : 0;
    return grandchild != 0;
  }));
  ASSERT_TRUE(lives(grandchild));
  kill(router.pid("supervisor"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return !lives(grandchild); }));
  router.wait_ready();
  router.signal(SIGTERM);  // the new role has left another one behind
  EXPECT_EQ(router.wait_exit(), 0);
}

TEST(RouterProcesses, RolesThatDieTooOftenEndTheSupervisorAndTheGuardianStartsAnother) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {}, .wish = "exit:decide-0:20:3"});
  ASSERT_TRUE(eventually([&] { return router.metric("router_supervisor_restarts_total") >= 2; }))
      << router.log();
  EXPECT_GE(router.logged("roles die too often, giving up").size(), 2U);
  const auto exited = router.logged("supervisor exited");
  ASSERT_GE(exited.size(), 2U);
  EXPECT_EQ(exited[0]["exit_code"], 70);
  EXPECT_EQ(exited[0]["backoff_ms"], 50.0);
  EXPECT_EQ(router.logged("role exited")[0]["exit_code"], 3);
  // Five restarts per supervisor, no more.
  EXPECT_LE(router.metric("router_worker_restarts_total{role=\"decide\"}"),
            5 * (router.metric("router_supervisor_restarts_total") + 1));
}

TEST(RouterProcesses, ARoleThatRanLongEnoughIsRestartedForEver) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {},
                              .wish = "exit:admin:40:1",
                              .yaml = "router: 1\nsupervision: {restarts: 1, stable_after: 20ms}\n"});
  ASSERT_TRUE(eventually([&] { return router.metric("router_worker_restarts_total{role=\"admin\"}") >= 6; }))
      << router.log();
  EXPECT_EQ(router.metric("router_supervisor_restarts_total"), 0);
}

TEST(RouterProcesses, AnExceptionInARoleIsLoggedAndTheRoleStartedAgain) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {}, .wish = "throw:result"});
  ASSERT_TRUE(
      eventually([&] { return router.metric("router_worker_restarts_total{role=\"result\"}") >= 1; }));
  EXPECT_EQ(router.logged("an exception escaped the role").at(0)["what"], "as wished");
  EXPECT_EQ(router.logged("role exited").at(0)["exit_code"], 70);
}

class RouterDrain : public testing::TestWithParam<int> {};

TEST_P(RouterDrain, EndsEverybodyCleanlyAndRemovesItsFiles) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  const auto pids = router.pids();
  router.signal(GetParam());
  EXPECT_EQ(router.wait_exit(5s), 0) << router.log();
  for (const auto& [name, pid] : pids) EXPECT_FALSE(lives(pid)) << name;
  std::vector<std::string> left;
  for (const auto& file : std::filesystem::directory_iterator(router.run_dir()))
    left.push_back(file.path().filename());
  EXPECT_THAT(left, testing::ElementsAre("router.lock"));
  EXPECT_EQ(router.logged("role drained").size(), kRoles.size());
}

INSTANTIATE_TEST_SUITE_P(Signals, RouterDrain, testing::Values(SIGTERM, SIGINT));

TEST(RouterProcesses, ADrainWithoutAGuardianIsTheSame) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {"--no-guardian"}});
  router.wait_ready();
  EXPECT_EQ(router.pid("guardian"), 0);
  EXPECT_EQ(router.pid("supervisor"), router.top());
  kill(router.pid("decide-0"), SIGKILL);
  ASSERT_TRUE(
      eventually([&] { return router.metric("router_worker_restarts_total{role=\"decide\"}") == 1; }));
  router.wait_ready();
  const auto pids = router.pids();
  router.signal(SIGTERM);
  EXPECT_EQ(router.wait_exit(5s), 0) << router.log();
  for (const std::string& role : kRoles) EXPECT_FALSE(lives(pids.at(role))) << role;
}

TEST(RouterProcesses, WithoutAGuardianTooManyDeathsEndTheRouter) {
  const Scratch scratch;
  IdleRouter router(scratch, {.arguments = {"--no-guardian"}, .wish = "exit:decide-0:5:1"});
  EXPECT_EQ(router.wait_exit(), 70) << router.log();
}

TEST(RouterProcesses, WhatDoesNotDrainIsKilledAtTheDeadline) {
  const Scratch scratch;
  IdleRouter router(
      scratch,
      {.arguments = {}, .wish = "hang:result", .yaml = "router: 1\nsupervision: {drain_deadline: 1s}\n"});
  router.wait_ready();
  const auto pids = router.pids();
  const Instant asked = now();
  router.signal(SIGTERM);
  EXPECT_EQ(router.wait_exit(), 70);
  EXPECT_GE(now() - asked, 500ms);
  for (const auto& [name, pid] : pids) EXPECT_FALSE(lives(pid)) << name;
  EXPECT_EQ(router.logged("drain deadline passed, killing the role").at(0)["process"], "result");
}

TEST(RouterProcesses, AFrozenSupervisorCannotHoldUpTheDrain) {
  const Scratch scratch;
  IdleRouter router(scratch,
                    {.arguments = {}, .wish = "", .yaml = "router: 1\nsupervision: {drain_deadline: 1s}\n"});
  router.wait_ready();
  const auto pids = router.pids();
  kill(pids.at("supervisor"), SIGSTOP);
  router.signal(SIGTERM);
  EXPECT_EQ(router.wait_exit(), 70);
  for (const auto& [name, pid] : pids) EXPECT_FALSE(lives(pid)) << name;
}

TEST(RouterProcesses, AFrozenRoleMakesTheRouterNotReadyAndItsThawReadyAgain) {
  const Scratch scratch;
  IdleRouter router(scratch,
                    {.arguments = {},
                     .wish = "",
                     .yaml = "router: 1\nsupervision: {heartbeat_every: 20ms, heartbeat_stale: 200ms}\n"});
  router.wait_ready();
  kill(router.pid("decide-0"), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return !router.ready(); }));
  EXPECT_THAT(router.get("/readyz").body, HasSubstr(R"("condition":"heartbeat_stale","process":"decide-0")"));
  EXPECT_EQ(router.get("/livez").status, 200);
  kill(router.pid("decide-0"), SIGCONT);
  router.wait_ready();
}

class RouterSecondSignal : public testing::TestWithParam<const char*> {};

TEST_P(RouterSecondSignal, EndsItAtOnce) {
  const Scratch scratch;
  RouterOptions options{.arguments = {}, .wish = "hang:decide-1"};
  if (*GetParam() != '\0') options.arguments.emplace_back(GetParam());
  IdleRouter router(scratch, options);
  router.wait_ready();
  auto pids = router.pids();
  pids.erase("guardian");
  router.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return !router.logged("drain begins").empty(); }));
  router.signal(SIGINT);
  EXPECT_EQ(router.wait_exit(2s), 128 + SIGINT) << router.log();
  for (const auto& [name, pid] : pids) EXPECT_FALSE(lives(pid)) << name;
}

INSTANTIATE_TEST_SUITE_P(Tops, RouterSecondSignal, testing::Values("", "--no-guardian"));

TEST(RouterProcesses, ASecondRouterInTheSameRunDirIsRefusedWithThePidOfTheFirst) {
  const Scratch scratch;
  IdleRouter first(scratch);
  first.wait_ready();
  const auto [exit_code, text] = output_of({"run", "--run-dir", first.run_dir()});
  EXPECT_EQ(exit_code, 2);
  EXPECT_EQ(text, fmt::format(
                      "router: a router already runs in {} (pid {}): stop it, or choose another --run-dir\n",
                      first.run_dir(), first.top()));
  EXPECT_TRUE(first.ready());
}

TEST(RouterProcesses, ABusyHttpPortIsNamedAndNothingIsStarted) {
  const Scratch scratch;
  IdleRouter first(scratch);
  first.wait_ready();
  std::string port = content_of(first.run_dir() + "/http.port");
  port.pop_back();
  IdleRouter second(scratch, {.arguments = {},
                              .wish = "",
                              .yaml = "router: 1\nhttp: {listen: \"127.0.0.1:" + port + "\"}\n",
                              .run_dir = "second"});
  EXPECT_EQ(second.wait_exit(), 2);
  EXPECT_TRUE(second.logged("supervisor started").empty());
}

TEST(RouterProcesses, StatusShowsTheTreeAndItsExitCodeSaysWhetherItIsReady) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  const auto [ready_code, table] = output_of({"status", "--run-dir", router.run_dir()});
  EXPECT_EQ(ready_code, 0) << table;
  EXPECT_THAT(table, HasSubstr(fmt::format("    decide-1{:>15}  running", router.pid("decide-1"))));
  kill(router.pid("supervisor"), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return !router.ready(); }));
  EXPECT_EQ(output_of({"status", "--run-dir", router.run_dir()}).first, 1);
  kill(router.pid("supervisor"), SIGCONT);
  router.signal(SIGTERM);
  router.wait_exit();
  const auto [gone_code, message] = output_of({"status", "--run-dir", router.run_dir()});
  EXPECT_EQ(gone_code, 1);
  EXPECT_EQ(message, fmt::format("router: no router runs in {}\n", router.run_dir()));
}

TEST(RouterProcesses, AChildSeesTheConfigurationOfTheStartEvenIfTheFileIsGone) {
  const Scratch scratch;
  IdleRouter router(scratch);
  router.wait_ready();
  std::ofstream(scratch / "run.yaml") << "this: [is broken\n";
  kill(router.pid("supervisor"), SIGKILL);
  ASSERT_TRUE(eventually([&] { return router.metric("router_supervisor_restarts_total") == 1; }));
  router.wait_ready();
}

TEST(RouterCommands, CheckNamesAllProblemsWithTheirPlaces) {
  const Scratch scratch;
  const std::string file = scratch / "bad.yaml";
  std::ofstream(file) << "router: 1\nroles: {decide: 0}\npolicy_file: none.yaml\nnast: {}\n";
  const auto [exit_code, text] = output_of({"check", file});
  EXPECT_EQ(exit_code, 2);
  EXPECT_EQ(text, fmt::format("{0}:2:17: roles.decide: expected from 1 to 32, not 0\n"
                              "{0}:3:14: policy_file: cannot read {1}: No such file or directory\n"
                              "{0}:4:1: nast: no such field (did you mean nats?)\n",
                              file, scratch / "none.yaml"));
  std::ofstream(file) << "router: 1\n";
  EXPECT_EQ(output_of({"check", file}), std::pair(0, file + ": ok\n"));
}

TEST(RouterCommands, BadUsageIsTwo) {
  EXPECT_EQ(output_of({}).first, 2);
  EXPECT_EQ(output_of({"walk"}).first, 2);
  EXPECT_EQ(output_of({"run", "--config"}).first, 2);
  EXPECT_EQ(output_of({"run", "--config", "/no/such/file"}),
            std::pair(2, std::string("router: cannot read /no/such/file: No such file or directory\n")));
  EXPECT_EQ(output_of({"--help"}).first, 0);
  EXPECT_THAT(output_of({"version"}).second, testing::StartsWith("router 0."));
  // The internal commands are of no use to anybody else.
  EXPECT_EQ(output_of({"supervise", "--run-dir", "/tmp", "--board-fd", "90", "--config-fd", "91", "--lock-fd",
                       "92"})
                .first,
            70);
}

#ifdef SQUALL_PLANT_DEFECTS
TEST(RouterDefects, ARestartLoopIsOne) {
  const Scratch scratch;
  // Under the thread sanitizer the death alone takes a second, which would not count as short-lived.
  IdleRouter router(scratch, {.arguments = {"--defect", "restart_loop"},
                              .wish = "",
                              .yaml = "router: 1\nsupervision: {stable_after: 10s}\n"});
  ASSERT_TRUE(eventually([&] { return router.metric("router_supervisor_restarts_total") >= 1; }))
      << router.log();
  EXPECT_FALSE(router.logged("restart_loop: the role fails").empty());
  EXPECT_EQ(output_of({"run", "--defect", "no_such_defect"}).first, 2);
}
#else
TEST(RouterDefects, AShippedBuildKnowsNone) {
  EXPECT_EQ(output_of({"run", "--defect", "restart_loop"}).first, 2);
}
#endif

}  // namespace
