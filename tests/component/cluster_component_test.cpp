// Real nats-servers: start, death, restart with the same port and store, clusters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/asio_run.h"
#include "client/jetstream.h"
#include "cluster/deployment.h"
#include "probe/operational.h"
#include "probe/time_to_green.h"
#include "support/temporary_folder.h"

namespace squall::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

base::Instant within(base::Nanos time) { return base::now() + time; }

class ClusterComponent : public ::testing::Test {
 protected:
  boost::asio::io_context io;
  TemporaryFolder folder;

  DeploymentOptions options(int servers = 1) {
    return {
        .servers = servers, .run_folder = folder / "run", .store_folder = folder / "store", .run_id = "r1"};
  }
  std::unique_ptr<Deployment> prepare(const DeploymentOptions& how) {
    auto deployment = Deployment::prepare(io, how);
    EXPECT_TRUE(deployment) << (deployment ? "" : deployment.error().message());
    return deployment ? *std::move(deployment) : nullptr;
  }
  std::unique_ptr<Deployment> started(int servers = 1) {
    auto deployment = prepare(options(servers));
    const auto start = base::run(io, deployment->start(within(30s)));
    EXPECT_TRUE(start) << (start ? "" : start.error().message());
    return deployment;
  }
  std::shared_ptr<client::Connection> connect(const Server& server) {
    auto connection =
        base::run(io, client::Connection::connect(io, {.port = server.client_port()}, within(10s)));
    EXPECT_TRUE(connection) << (connection ? "" : connection.error().message());
    return connection ? *connection : nullptr;
  }
  client::PublishOutcome publish(const Server& server, std::string subject) {
    const auto connection = connect(server);
    return base::run(io, connection->publish_js(std::move(subject), "payload", {}, within(10s)));
  }
  void make_stream(const Server& server, int replicas = 1) {
    client::JetStream jetstream(connect(server));
    const auto made =
        base::run(io, jetstream.create_stream(
                          {{"name", "S"}, {"subjects", {"s.>"}}, {"num_replicas", replicas}}, within(20s)));
    ASSERT_TRUE(made);
  }
  // A request that comes while replicas elect a leader is never answered: asked again.
  std::uint64_t stored(const Server& server) {
    client::JetStream jetstream(connect(server));
    for (const base::Instant until = within(20s); base::now() < until;) {
      if (const auto stream = base::run(io, jetstream.stream("S", within(1s)))) return stream->messages;
    }
    return 0;
  }
};

bool acknowledged(const client::PublishOutcome& outcome) {
  return std::holds_alternative<client::Acknowledged>(outcome);
}

TEST_F(ClusterComponent, AStartGivesItsInstantsInOrder) {
  const auto deployment = prepare(options());
  const base::Instant before = base::now();
  const auto start = base::run(io, deployment->server().start(within(20s)));
  ASSERT_TRUE(start) << start.error().message();
  EXPECT_LE(before, start->executed_at);
  EXPECT_LT(start->executed_at, start->info_at);
  EXPECT_LT(start->info_at, start->healthy_at);
  EXPECT_EQ(deployment->urls(), fmt::format("nats://127.0.0.1:{}", deployment->server().client_port()));
  EXPECT_EQ(deployment->find("nats-1"), &deployment->server());
  EXPECT_EQ(deployment->find("nats-2"), nullptr);
}

TEST_F(ClusterComponent, AKilledServerReturnsToItsPortWithItsMessages) {
  const auto deployment = started();
  Server& server = deployment->server();
  make_stream(server);
  ASSERT_TRUE(acknowledged(publish(server, "s.1")));

  const pid_t before = server.child()->pid();
  const std::uint16_t port = server.client_port();
  for (int round = 1; round <= 3; ++round) {
    ASSERT_EQ(server.signal(SIGKILL).value_or(false), true);
    ASSERT_TRUE(base::run(io, server.child()->wait_exit(within(10s))));
    const auto again = base::run(io, server.start(within(20s)));
    ASSERT_TRUE(again) << again.error().message();
  }
  EXPECT_EQ(server.client_port(), port);
  EXPECT_NE(server.child()->pid(), before);
  EXPECT_EQ(server.starts(), 4);
  EXPECT_EQ(stored(server), 1U);
}

// The hazards of a dead port: the kernel gives it to somebody else, or a client connects to itself.
TEST_F(ClusterComponent, ADeadServersPortIsRefusedAndStaysReserved) {
  const auto deployment = started();
  Server& server = deployment->server();
  ASSERT_TRUE(base::run(io, server.stop(5s)));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::set<int> given;
  for (int i = 0; i < 20'000; ++i) {
    const base::UniqueFd dialled(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_port = htons(server.client_port());
    ASSERT_EQ(::connect(dialled.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), -1);
    ASSERT_EQ(errno, ECONNREFUSED);
  }
  std::vector<base::UniqueFd> held;
  for (int i = 0; i < 500; ++i) {
    held.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_port = 0;
    socklen_t length = sizeof address;
    ASSERT_EQ(bind(held.back().get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(getsockname(held.back().get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    given.insert(ntohs(address.sin_port));
  }
  EXPECT_FALSE(given.contains(server.client_port()));
  EXPECT_TRUE(base::run(io, server.start(within(20s))));
}

TEST_F(ClusterComponent, StopIsGracefulAndMayComeTwice) {
  const auto deployment = started();
  EXPECT_TRUE(base::run(io, deployment->stop(10s)));
  EXPECT_FALSE(deployment->server().running());
  EXPECT_FALSE(deployment->server().child()->exit_status()->signal) << "SIGTERM was enough";
  EXPECT_TRUE(base::run(io, deployment->stop(10s)));
  EXPECT_EQ(deployment->server().signal(SIGTERM).value_or(true), false);
}

TEST_F(ClusterComponent, AServerThatDiesAtStartIsReportedWithItsLastWordsAndItsLog) {
  auto how = options();
  how.extra_configuration = "no_such_setting: true";
  const auto deployment = prepare(how);
  const auto start = base::run(io, deployment->start(within(20s)));
  ASSERT_FALSE(start);
  EXPECT_THAT(start.error().message(), HasSubstr("nats-1 died at start (exit code 1); the last lines of "));
  EXPECT_THAT(start.error().message(), HasSubstr((folder / "run/logs/nats-1.log").string()));
  EXPECT_THAT(start.error().message(), HasSubstr("unknown field \"no_such_setting\""));
}

// A kill would end the wrapper, the server would go on, and the run would call that a recovery.
TEST_F(ClusterComponent, AWrapperOfTheServerIsRefused) {
  auto how = options();
  const auto wrapper = folder / "wrapper.sh";
  std::ofstream(wrapper) << fmt::format("#!/bin/sh\n{} \"$@\"\n", resolve_nats_server()->path.string());
  std::filesystem::permissions(wrapper, std::filesystem::perms::owner_all);
  how.binary = wrapper;
  const auto deployment = prepare(how);
  const auto start = base::run(io, deployment->start(within(20s)));
  ASSERT_FALSE(start);
  EXPECT_THAT(start.error().message(), HasSubstr("is not the server: it has started"));
  EXPECT_THAT(start.error().message(), HasSubstr("end the wrapper " + wrapper.string() + " with exec"));
}

TEST_F(ClusterComponent, AServerThatIsFrozenAtStartIsReportedAtTheDeadline) {
  const auto deployment = prepare(options());
  ASSERT_TRUE(deployment->server().launch());
  ASSERT_TRUE(deployment->server().signal(SIGSTOP));
  const auto info = base::run(io, deployment->server().wait_info(within(100ms)));
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message(), HasSubstr("said no INFO on port"));
}

TEST_F(ClusterComponent, MissingAndWrongBinariesAreNamed) {
  const auto message = [&](const std::filesystem::path& binary) {
    auto how = options();
    how.binary = binary;
    const auto deployment = Deployment::prepare(io, how);
    return deployment ? std::string("no error") : deployment.error().message();
  };
  EXPECT_EQ(message("/no/such/nats-server"), "there is no executable nats-server at /no/such/nats-server");
  EXPECT_THAT(message("/bin/echo"),
              HasSubstr("/bin/echo does not look like a nats-server: --version printed"));

  const auto old = folder / "old-server";
  std::ofstream(old) << "#!/bin/sh\necho 'nats-server: v2.8.4'\n";
  std::filesystem::permissions(old, std::filesystem::perms::owner_all);
  EXPECT_THAT(message(old), HasSubstr("is version 2.8.4, older than 2.9.0"));

  const auto silent = folder / "silent";
  std::ofstream(silent) << "#!/bin/sh\nexit 0\n";
  std::filesystem::permissions(silent, std::filesystem::perms::owner_all);
  EXPECT_THAT(message(silent), HasSubstr("does not look like a nats-server: --version printed \"\""));
}

TEST_F(ClusterComponent, TheEnvironmentNamesTheBinary) {
  setenv("SQUALL_NATS_SERVER", "/no/such/server", 1);  // NOLINT(concurrency-mt-unsafe): one thread
  const auto missing = resolve_nats_server();
  unsetenv("SQUALL_NATS_SERVER");  // NOLINT(concurrency-mt-unsafe)
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "SQUALL_NATS_SERVER is /no/such/server, which is no executable file");
}

TEST_F(ClusterComponent, AReadOnlyRunFolderIsNamed) {
  auto how = options();
  how.run_folder = "/proc/squall";
  const auto deployment = Deployment::prepare(io, how);
  ASSERT_FALSE(deployment);
  EXPECT_THAT(deployment.error().message(), HasSubstr("cannot make the folder /proc/squall/nats"));
}

TEST_F(ClusterComponent, ASnapshotHoldsEachDocumentAndSaysWhatDidNotAnswer) {
  const auto deployment = started();
  ASSERT_TRUE(base::run(io, deployment->snapshot(folder / "before", within(10s))));
  const auto read = [&](const char* name) {
    std::ifstream file(folder / name);
    return nlohmann::json::parse(file, nullptr, false);
  };
  EXPECT_EQ(read("before/nats-1-varz.json")["server_name"], "nats-1");
  EXPECT_TRUE(read("before/nats-1-jsz.json").contains("streams"));
  EXPECT_TRUE(read("before/nats-1-connz.json").contains("connections"));
  EXPECT_EQ(read("before/nats-1-healthz.json")["status"], "ok");

  ASSERT_TRUE(base::run(io, deployment->stop(10s)));
  ASSERT_TRUE(base::run(io, deployment->snapshot(folder / "after", within(10s))));
  EXPECT_TRUE(read("after/nats-1-varz.json").contains("squall_error"));
}

TEST_F(ClusterComponent, ThreeServersElectALeaderKeepAnR3StreamAndSurviveTheLeadersDeath) {
  const auto deployment = started(3);
  const auto leader = base::run(io, deployment->meta_leader(within(5s)));
  ASSERT_TRUE(leader);
  Server* const leading = deployment->find(*leader);
  ASSERT_NE(leading, nullptr) << *leader;
  make_stream(deployment->server(0), 3);
  // A stream is made before its replicas have a leader, and until then nobody answers for it.
  bool stored_one = false;
  for (const base::Instant until = base::now() + 20s; !stored_one && base::now() < until;)
    stored_one = acknowledged(publish(deployment->server(1), "s.1"));
  EXPECT_TRUE(stored_one);

  ASSERT_TRUE(leading->signal(SIGKILL));
  ASSERT_TRUE(base::run(io, leading->child()->wait_exit(within(10s))));
  const auto back = base::run(io, leading->start(within(30s)));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_GE(stored(*leading), 1U);  // one that was not answered may be stored as well
}

// Squall dies by SIGKILL: its servers die with it.
// Seen on a slow machine: a process that connected right after the start was told of two servers out of
// three.
TEST_F(ClusterComponent, AStartedClusterTellsClientsOfAllItsServersAtOnce) {
  for (int start = 0; start < 3; ++start) {
    const auto deployment = started(3);
    for (const auto& server : deployment->servers()) {
      EXPECT_EQ(base::run(io, server->advertised_urls(within(10s))), 3U) << server->name();
    }
    ASSERT_TRUE(base::run(io, deployment->stop(10s)));
  }
}

TEST_F(ClusterComponent, AKilledRunnerLeavesNoServer) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t runner = fork();
  ASSERT_GE(runner, 0);
  if (runner == 0) {
    boost::asio::io_context own;
    auto deployment = Deployment::prepare(own, options());
    (void)base::run(own, (*deployment)->start(within(20s)));
    const process::ProcessIdentity server = (*deployment)->server().child()->identity();
    (void)!write(fds[1], &server, sizeof server);
    pause();
  }
  process::ProcessIdentity server;
  ASSERT_EQ(read(fds[0], &server, sizeof server), static_cast<ssize_t>(sizeof server));
  close(fds[0]);
  close(fds[1]);
  ASSERT_TRUE(process::is_alive(server));
  kill(runner, SIGKILL);
  waitpid(runner, nullptr, 0);
  for (const base::Instant deadline = within(10s); process::is_alive(server) && base::now() < deadline;) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(process::is_alive(server));
}

// The whole chain of a trial without a workload: probes, a kill, a restart, the time to green.
TEST_F(ClusterComponent, TheTimeToGreenOfARestartIsMeasuredByProbes) {
  const auto deployment = started();
  Server& server = deployment->server();
  probe::Operational system(io);
  system.add({.name = "process"}, probe::process_alive([&]() -> std::optional<process::ProcessIdentity> {
               if (!server.child()) return std::nullopt;
               return server.child()->identity();
             }));
  system.add({.name = "connects"}, probe::nats_connects(io, {.port = server.client_port()}));
  system.add({.name = "healthz"},
             probe::http_status(io, {.endpoint = {.port = server.monitor_port()}, .target = "/healthz"}));
  std::optional<probe::TimeToGreen> ttg;
  system.on_observation([&](const std::string& name, const probe::Observation& seen) {
    if (ttg) ttg->observe(name, seen);
  });
  system.start();
  const auto operational = base::run(io, system.wait_operational(within(10s)));
  ASSERT_TRUE(operational) << operational.error().message();

  ASSERT_TRUE(server.signal(SIGKILL));
  const auto exit = base::run(io, server.child()->wait_exit(within(10s)));
  ASSERT_TRUE(exit);
  ttg.emplace(probe::TimeToGreen::Options{
      .required = system.required(), .effect_at = exit->noticed_at, .hold = 100ms});
  io.run_for(50ms);
  EXPECT_FALSE(system.is_operational());
  EXPECT_TRUE(ttg->first_not_green_at());
  const auto restarted = base::run(io, server.start(within(20s)));
  ASSERT_TRUE(restarted) << restarted.error().message();
  for (const base::Instant deadline = within(10s); !ttg->time_to_green() && base::now() < deadline;)
    io.run_for(1ms);
  ASSERT_TRUE(ttg->time_to_green()) << fmt::format("{}", fmt::join(ttg->waiting_for(), "; "));
  EXPECT_GE(*ttg->time_to_green(), 50ms);
  EXPECT_GE(*ttg->green_at(), restarted->executed_at);
  EXPECT_TRUE(base::run(io, system.stop()));
}

}  // namespace
}  // namespace squall::cluster
