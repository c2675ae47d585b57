// The router's processes under fire, with roles that do nothing (support/idle_router_main.cpp): who dies, who
// comes back, who is left. Broker-related behaviour is tested elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "process/spawn.h"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using squall::base::Instant;
using squall::base::Nanos;
using squall::base::now;
using testing::HasSubstr;

constexpr auto kPatience = 20s;
const std::vector<std::string> kRoles{"decide-0", "decide-1", "result", "admin"};

bool eventually(const std::function<bool()>& condition, Nanos within = kPatience) {
  const Instant deadline = now() + within;
  while (!condition()) {
    if (now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::string content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Zombies do not count.
bool lives(int pid) {
  const std::string stat = content(fmt::format("/proc/{}/stat", pid));
  const std::size_t end = stat.rfind(')');
  return end != stat.npos && stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

int parent_of(int pid) {
  const std::string stat = content(fmt::format("/proc/{}/stat", pid));
  return std::stoi(stat.substr(stat.rfind(')') + 4));
}

class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "router-process-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct RouterOptions {
  std::vector<std::string> arguments;
  std::string wish;  // IDLE_ROLE
  std::string yaml = "router: 1\n";
};

class RunningRouter {
 public:
  explicit RunningRouter(const Scratch& scratch, const RouterOptions& options = {},
                         const std::string& run_dir = "run")
      : run_dir_(scratch / run_dir), log_(scratch / (run_dir + ".log")) {
    std::ofstream(scratch / (run_dir + ".yaml")) << options.yaml << "log: {path: " << log_ << "}\n";
    std::vector<std::string> command{IDLE_ROUTER, "run",      "--run-dir",
                                     run_dir_,    "--config", scratch / (run_dir + ".yaml")};
    command.insert(command.end(), options.arguments.begin(), options.arguments.end());
    auto child = squall::process::spawn({.command = command,
                                         .environment = {{"IDLE_ROLE", options.wish}},
                                         .working_directory = {},
                                         .inherited_fds = {}});
    EXPECT_TRUE(child) << child.error().message();
    top_ = child->pid;
  }
  ~RunningRouter() {
    if (top_ == 0) return;
    kill(top_, SIGKILL);
    waitpid(top_, nullptr, 0);
  }
  RunningRouter(const RunningRouter&) = delete;

  // Of the process's pid file, 0 if there is none.
  int pid(const std::string& process) const {
    const std::string text = content(run_dir_ + "/" + process + ".pid");
    return text.empty() ? 0 : std::stoi(text);
  }
  std::map<std::string, int> pids() const {
    std::map<std::string, int> all;
    for (const char* top : {"guardian", "supervisor"}) all[top] = pid(top);
    for (const std::string& role : kRoles) all[role] = pid(role);
    return all;
  }

  std::optional<std::pair<int, std::string>> get(const std::string& path) const {
    const std::string address = content(run_dir_ + "/http.address");
    if (address.empty()) return std::nullopt;
    httplib::Client client("http://" + address.substr(0, address.find('\n')));
    client.set_connection_timeout(1, 0);
    client.set_read_timeout(2, 0);
    const auto answer = client.Get(path);
    if (!answer) return std::nullopt;
    return std::pair(answer->status, answer->body);
  }
  bool ready() const {
    const auto answer = get("/readyz");
    return answer && answer->first == 200;
  }
  void wait_ready() const {
    ASSERT_TRUE(eventually([&] { return ready(); })) << log() << get("/readyz")->second;
  }
  double metric(const std::string& name) const {
    const auto answer = get("/metrics");
    if (!answer) return -1;
    const std::size_t at = answer->second.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(answer->second.substr(at + name.size() + 2));
  }

  void signal(int number) const { kill(top_, number); }
  // The exit code, or 1000 + signal; 2000 if it does not end.
  int wait_exit(Nanos within = kPatience) {
    int status = 0;
    if (!eventually([&] { return waitpid(top_, &status, WNOHANG) == top_; }, within)) return 2000;
    top_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  std::string log() const { return content(log_); }
  // The lines of the log with this message.
  std::vector<json> logged(const std::string& message) const {
    std::vector<json> found;
    std::ifstream lines(log_);
    for (std::string line; std::getline(lines, line);) {
      json parsed = json::parse(line);
      if (parsed["message"] == message) found.push_back(std::move(parsed));
    }
    return found;
  }
  const std::string& run_dir() const { return run_dir_; }
  int top() const { return top_; }

 private:
  std::string run_dir_;
  std::string log_;
  int top_ = 0;
};

std::pair<int, std::string> output_of(std::vector<std::string> arguments) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  arguments.insert(arguments.begin(), IDLE_ROUTER);
  auto child = squall::process::spawn({.command = arguments,
                                       .environment = {},
                                       .working_directory = {},
                                       .stdout_fd = fds[1],
                                       .stderr_fd = fds[1],
                                       .inherited_fds = {}});
  close(fds[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(fds[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  close(fds[0]);
  int status = 0;
  EXPECT_TRUE(child);
  waitpid(child->pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

void expect_all_dead(const std::map<std::string, int>& pids) {
  for (const auto& [name, pid] : pids) {
    EXPECT_TRUE(eventually([&, id = pid] { return !lives(id); })) << name << " " << pid;
  }
}

TEST(RouterProcesses, StartAsATreeAndSayWhoTheyAre) {
  const Scratch scratch;
  RunningRouter router(scratch);
  router.wait_ready();
  const auto pids = router.pids();
  EXPECT_EQ(pids.at("guardian"), router.top());
  EXPECT_EQ(parent_of(pids.at("supervisor")), pids.at("guardian"));
  for (const std::string& role : kRoles) EXPECT_EQ(parent_of(pids.at(role)), pids.at("supervisor")) << role;
  const auto state = json::parse(router.get("/state")->second);
  EXPECT_EQ(state["tree"]["children"][0]["pid"], pids.at("supervisor"));
  EXPECT_EQ(router.get("/livez")->first, 200);
  EXPECT_EQ(content(router.run_dir() + "/http.address"),
            "127.0.0.1:" + content(router.run_dir() + "/http.port"));
}

TEST(RouterProcesses, AKilledRoleComesBackAloneAndIsCounted) {
  const Scratch scratch;
  RunningRouter router(scratch);
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
  RunningRouter router(scratch);
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
  RunningRouter router(
      scratch, {.arguments = {}, .wish = "", .yaml = "router: 1\nsupervision: {backoff_max: 50ms}\n"});
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
  RunningRouter router(scratch);
  router.wait_ready();
  const auto pids = router.pids();
  router.signal(SIGKILL);
  EXPECT_EQ(router.wait_exit(), 1000 + SIGKILL);
  expect_all_dead(pids);
}

TEST(RouterProcesses, AfterAKillTheNextRouterStartsInTheSameRunDirAtOnce) {
  const Scratch scratch;
  {
    RunningRouter first(scratch);
    first.wait_ready();
    first.signal(SIGKILL);
    first.wait_exit();
  }
  RunningRouter second(scratch);
  second.wait_ready();
  EXPECT_EQ(second.pid("guardian"), second.top());
}

TEST(RouterProcesses, WhatARoleLeftBehindInItsOwnSessionDiesWithTheSupervisor) {
  const Scratch scratch;
  RunningRouter router(scratch, {.arguments = {}, .wish = "fork:result:" + (scratch / "grandchild.pid")});
  router.wait_ready();
  int grandchild = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string text = content(scratch / "grandchild.pid");
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
  RunningRouter router(scratch, {.arguments = {}, .wish = "exit:decide-0:20:3"});
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
  RunningRouter router(scratch, {.arguments = {},
                                 .wish = "exit:admin:40:1",
                                 .yaml = "router: 1\nsupervision: {restarts: 1, stable_after: 20ms}\n"});
  ASSERT_TRUE(eventually([&] { return router.metric("router_worker_restarts_total{role=\"admin\"}") >= 6; }))
      << router.log();
  EXPECT_EQ(router.metric("router_supervisor_restarts_total"), 0);
}

TEST(RouterProcesses, AnExceptionInARoleIsLoggedAndTheRoleStartedAgain) {
  const Scratch scratch;
  RunningRouter router(scratch, {.arguments = {}, .wish = "throw:result"});
  ASSERT_TRUE(
      eventually([&] { return router.metric("router_worker_restarts_total{role=\"result\"}") >= 1; }));
  EXPECT_EQ(router.logged("an exception escaped the role").at(0)["what"], "as wished");
  EXPECT_EQ(router.logged("role exited").at(0)["exit_code"], 70);
}

class RouterDrain : public testing::TestWithParam<int> {};

TEST_P(RouterDrain, EndsEverybodyCleanlyAndRemovesItsFiles) {
  const Scratch scratch;
  RunningRouter router(scratch);
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
  RunningRouter router(scratch, {.arguments = {"--no-guardian"}});
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
  RunningRouter router(scratch, {.arguments = {"--no-guardian"}, .wish = "exit:decide-0:5:1"});
  EXPECT_EQ(router.wait_exit(), 70) << router.log();
}

TEST(RouterProcesses, WhatDoesNotDrainIsKilledAtTheDeadline) {
  const Scratch scratch;
  RunningRouter router(
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
  RunningRouter router(
      scratch, {.arguments = {}, .wish = "", .yaml = "router: 1\nsupervision: {drain_deadline: 1s}\n"});
  router.wait_ready();
  const auto pids = router.pids();
  kill(pids.at("supervisor"), SIGSTOP);
  router.signal(SIGTERM);
  EXPECT_EQ(router.wait_exit(), 70);
  for (const auto& [name, pid] : pids) EXPECT_FALSE(lives(pid)) << name;
}

TEST(RouterProcesses, AFrozenRoleMakesTheRouterNotReadyAndItsThawReadyAgain) {
  const Scratch scratch;
  RunningRouter router(scratch,
                       {.arguments = {},
                        .wish = "",
                        .yaml = "router: 1\nsupervision: {heartbeat_every: 20ms, heartbeat_stale: 200ms}\n"});
  router.wait_ready();
  kill(router.pid("decide-0"), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return !router.ready(); }));
  EXPECT_THAT(router.get("/readyz")->second,
              HasSubstr(R"("condition":"heartbeat_stale","process":"decide-0")"));
  EXPECT_EQ(router.get("/livez")->first, 200);
  kill(router.pid("decide-0"), SIGCONT);
  router.wait_ready();
}

class RouterSecondSignal : public testing::TestWithParam<const char*> {};

TEST_P(RouterSecondSignal, EndsItAtOnce) {
  const Scratch scratch;
  RouterOptions options{.arguments = {}, .wish = "hang:decide-1"};
  if (*GetParam() != '\0') options.arguments.emplace_back(GetParam());
  RunningRouter router(scratch, options);
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
  RunningRouter first(scratch);
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
  RunningRouter first(scratch);
  first.wait_ready();
  const std::string port = content(first.run_dir() + "/http.port");
  RunningRouter second(
      scratch,
      {.arguments = {},
       .wish = "",
       .yaml = "router: 1\nhttp: {listen: \"127.0.0.1:" + port.substr(0, port.size() - 1) + "\"}\n"},
      "second");
  EXPECT_EQ(second.wait_exit(), 2);
  EXPECT_TRUE(second.logged("supervisor started").empty());
}

TEST(RouterProcesses, StatusShowsTheTreeAndItsExitCodeSaysWhetherItIsReady) {
  const Scratch scratch;
  RunningRouter router(scratch);
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
  RunningRouter router(scratch);
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
  RunningRouter router(scratch, {.arguments = {"--defect", "restart_loop"}});
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
