// Each fault of a kind of its own (inject/reversible.h) on real processes and a real nats-server: what proves
// it, what heals it, and what happens where it cannot strike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/asio_run.h"
#include "cluster/deployment.h"
#include "fault/fault.h"
#include "inject/kill.h"
#include "inject/reversible.h"
#include "process/child.h"
#include "process/limits.h"
#include "support/faults_on_children.h"

namespace squall::inject {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using process::Child;
using ::testing::HasSubstr;

base::Instant patience() { return base::now() + 10s; }

class TargetFaults : public testing::FaultsOnChildren {
 protected:
  static bool soon(const std::function<bool()>& condition) {
    for (const base::Instant deadline = patience(); base::now() < deadline;) {
      if (condition()) return true;
      std::this_thread::sleep_for(1ms);
    }
    return condition();
  }
  bool log_says(const std::string& text) const {
    std::ifstream file(folder / "child.log");
    return std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos;
  }
  Surroundings around(const std::vector<Child*>& children = {}) {
    Surroundings surroundings{.io = io,
                              .safety = Safety(*journal),
                              .fault_name = "f",
                              .folder = folder.path(),
                              .log_folder = folder.path()};
    for (Child* child : children) surroundings.processes.push_back({.name = "victim", .tree = child->tree()});
    return surroundings;
  }
  // {"send_signal": {…}} as the plan has it.
  std::unique_ptr<Reversible> make(const std::string& kind, json body, Surroundings surroundings) {
    json object{{"name", "f"}};
    body["target"] = body.value("target", "victim");
    object[kind] = std::move(body);
    auto read = fault::fault_from_json(object);
    EXPECT_TRUE(read) << (read ? "" : read.error().message());
    auto made = make_reversible(std::get<fault::OnTarget>(read->action), std::move(surroundings));
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    return made ? *std::move(made) : nullptr;
  }
  Injected inject(Reversible& fault, base::Nanos within = 10s) {
    auto injected = base::run(io, fault.inject(base::now() + within));
    EXPECT_TRUE(injected) << (injected ? "" : injected.error().message());
    return injected ? *injected : Injected{};
  }
  void heal(Reversible& fault) {
    for (int time = 1; time <= 2; ++time) {
      const auto healed = base::run(io, fault.heal(patience()));
      ASSERT_TRUE(healed) << (healed ? "" : healed.error().message());
      EXPECT_TRUE(healed->took_effect()) << time << ": " << healed->observation;
    }
  }
  // Whether the journal has something that is still to be undone.
  bool owes() const { return !journal->unsettled().empty(); }
};

// --- processes ---

TEST_F(TargetFaults, ASignalIsProvenByHavingBeenTaken) {
  const auto child = shell("trap 'echo caught' HUP; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(soon([&] { return log_says("up"); }));
  const auto fault = make("send_signal", {{"signal", "HUP"}}, around({child.get()}));
  const Injected injected = inject(*fault);
  EXPECT_TRUE(injected.took_effect()) << injected.observation;
  EXPECT_TRUE(soon([&] { return log_says("caught"); }));
  heal(*fault);
  EXPECT_TRUE(child->running());
}

TEST_F(TargetFaults, ASignalThatIsIgnoredHasNoEffect) {
  const auto child = shell("trap '' HUP; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(soon([&] { return log_says("up"); }));
  const auto fault = make("send_signal", {{"signal", "HUP"}}, around({child.get()}));
  const Injected injected = inject(*fault);
  EXPECT_FALSE(injected.took_effect());
  EXPECT_THAT(injected.observation, HasSubstr("ignores SIGHUP"));
}

TEST_F(TargetFaults, ASignalGoesToThePartOfTheTreeThatIsAskedFor) {
  const auto child = shell("sleep 61 & sleep 62 & wait; wait; echo alone; sleep 63");
  ASSERT_TRUE(soon([&] { return child->tree().members().size() == 3; }));
  const auto youngest = make("send_signal", {{"signal", "TERM"}, {"to", "child"}}, around({child.get()}));
  EXPECT_TRUE(inject(*youngest).took_effect());
  EXPECT_TRUE(soon([&] { return child->tree().members().size() == 2; }));
  const auto children = base::run(io, kill_children(child->tree(), false, SIGKILL, patience()));
  ASSERT_TRUE(children) << children.error().message();
  EXPECT_TRUE(children->took_effect());
  EXPECT_TRUE(soon([&] { return log_says("alone"); })) << "the parent was not struck";
  EXPECT_TRUE(child->running());
}

TEST_F(TargetFaults, ALimitHoldsForTheWholeTreeAndGoesAgain) {
  const auto child = shell("sleep 61 & wait");
  ASSERT_TRUE(soon([&] { return child->tree().members().size() == 2; }));
  const auto before = process::soft_limit(child->pid(), "nofile");
  const auto fault =
      make("limit", {{"resource", "nofile"}, {"to", 7}, {"duration_ms", 1000}}, around({child.get()}));
  const Injected injected = inject(*fault);
  EXPECT_TRUE(injected.took_effect());
  EXPECT_THAT(injected.observation, HasSubstr("2 of 2 processes"));
  for (const auto& member : child->tree().members()) {
    EXPECT_EQ(process::soft_limit(member.identity.pid, "nofile"), 7U);
  }
  EXPECT_TRUE(owes());
  heal(*fault);
  for (const auto& member : child->tree().members()) {
    EXPECT_EQ(process::soft_limit(member.identity.pid, "nofile"), *before);
  }
  EXPECT_FALSE(owes());
}

TEST_F(TargetFaults, AFaultThatGoesAwayUnhealedUndoesItself) {
  const auto child = shell("exec sleep 61");
  const auto before = process::soft_limit(child->pid(), "nofile");
  inject(*make("limit", {{"to", 7}, {"duration_ms", 1000}}, around({child.get()})));
  EXPECT_EQ(process::soft_limit(child->pid(), "nofile"), *before);
  inject(*make("starve", {{"share", 0.1}, {"duration_ms", 1000}}, around({child.get()})));
  EXPECT_TRUE(soon([&] { return !process::is_frozen(child->pid()); }));
  EXPECT_FALSE(owes());
}

TEST_F(TargetFaults, AStarvedProcessRunsAPartOfTheTime) {
  const auto child = shell("while :; do :; done");
  const auto fault = make("starve", {{"share", 0.2}, {"duration_ms", 1000}}, around({child.get()}));
  EXPECT_TRUE(inject(*fault).took_effect());
  int stopped = 0;
  constexpr int kLooks = 200;
  for (int look = 0; look < kLooks; ++look) {
    io.restart();
    io.run_for(2ms);
    stopped += process::is_frozen(child->pid()) ? 1 : 0;
  }
  EXPECT_GT(stopped, kLooks / 3) << "a fifth of the time it may run";
  heal(*fault);
  EXPECT_FALSE(process::is_frozen(child->pid()));
  EXPECT_TRUE(child->running());
}

// --- the user's own commands ---

TEST_F(TargetFaults, OnesOwnCommandsInjectProveAndHeal) {
  const auto fault = make("exec",
                          {{"inject", {"sh", "-c", "(sleep 0.1; touch broken) & wait"}},
                           {"effect", {"test", "-e", "broken"}},
                           {"heal", {"rm", "-f", "broken"}},
                           {"duration_ms", 1000}},
                          around());
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_TRUE(std::filesystem::exists(folder / "broken"));
  EXPECT_TRUE(owes());
  heal(*fault);
  EXPECT_FALSE(std::filesystem::exists(folder / "broken"));
  EXPECT_FALSE(owes());
}

TEST_F(TargetFaults, OnesOwnCommandsAreNotBelieved) {
  const auto nothing = make("exec",
                            {{"inject", {"true"}},
                             {"effect", {"test", "-e", "broken"}},
                             {"heal", {"true"}},
                             {"deadline_ms", 300},
                             {"duration_ms", 1000}},
                            around());
  EXPECT_FALSE(inject(*nothing).took_effect()) << "the injection said that it succeeded";

  const auto failing = make("exec",
                            {{"inject", {"sh", "-c", "echo no such container; exit 3"}},
                             {"effect", {"test", "-e", "broken"}},
                             {"heal", {"true"}},
                             {"duration_ms", 1000}},
                            around());
  const Injected injected = inject(*failing);
  EXPECT_FALSE(injected.took_effect());
  EXPECT_THAT(injected.observation, HasSubstr("no such container"));

  const auto already =
      make("exec", {{"inject", {"true"}}, {"effect", {"true"}}, {"heal", {"true"}}, {"duration_ms", 1000}},
           around());
  const auto refused = base::run(io, already->inject(patience()));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("proves nothing"));

  const auto stays = make("exec",
                          {{"inject", {"touch", "broken"}},
                           {"effect", {"test", "-e", "broken"}},
                           {"heal", {"true"}},
                           {"deadline_ms", 300},
                           {"duration_ms", 1000}},
                          around());
  EXPECT_TRUE(inject(*stays).took_effect());
  const auto healed = base::run(io, stays->heal(patience()));
  ASSERT_TRUE(healed);
  EXPECT_FALSE(healed->took_effect()) << "`effect` still succeeds";
  EXPECT_TRUE(owes()) << "the watchdog and `squall heal` will try again";
}

// --- servers, and what Squall made on them ---

class ServerFaults : public TargetFaults {
 protected:
  std::unique_ptr<cluster::Deployment> deployment;
  std::shared_ptr<client::Connection> connection;

  ServerFaults() {
    auto prepared = cluster::Deployment::prepare(
        io, {.servers = 1, .run_folder = folder / "run", .store_folder = folder / "store", .run_id = "r1"});
    EXPECT_TRUE(prepared) << (prepared ? "" : prepared.error().message());
    deployment = *std::move(prepared);
    const auto up = base::run(io, deployment->start(base::now() + 30s));
    EXPECT_TRUE(up) << (up ? "" : up.error().message());
  }
  cluster::Server& server() { return deployment->server(); }
  Surroundings on_server() {
    Surroundings surroundings = around();
    surroundings.server = &server();
    surroundings.jetstream = [this](base::Instant by) { return open(by); };
    return surroundings;
  }
  boost::asio::awaitable<base::Result<client::JetStream>> open(base::Instant by) {
    if (!connection || !connection->is_open()) {
      client::ConnectOptions options{.port = server().client_port()};
      auto made = co_await client::Connection::connect(io, std::move(options), by);
      if (!made) co_return std::unexpected(made.error());
      connection = *made;
    }
    co_return client::JetStream(connection);
  }
  bool connects() {
    client::ConnectOptions options{.port = server().client_port()};
    return base::run(io, client::Connection::connect(io, std::move(options), base::now() + 200ms))
        .has_value();
  }
  client::JetStream jetstream() {
    client::ConnectOptions options{.port = server().client_port()};
    return client::JetStream(*base::run(io, client::Connection::connect(io, std::move(options), patience())));
  }
  void make_stream(int messages) {
    client::JetStream api = jetstream();
    ASSERT_TRUE(base::run(io, api.create_stream({{"name", "S"}, {"subjects", {"s"}}}, patience())));
    ASSERT_TRUE(base::run(
        io, api.create_consumer("S", {{"durable_name", "c"}, {"ack_policy", "explicit"}}, patience())));
    for (int i = 0; i < messages; ++i) ASSERT_TRUE(publishes());
  }
  bool publishes() {
    client::JetStream api = jetstream();
    const auto outcome = base::run(io, api.connection()->publish_js("s", "x", {}, patience()));
    return std::holds_alternative<client::Acknowledged>(outcome);
  }
  std::uint64_t stored() {
    client::JetStream api = jetstream();
    const auto status = base::run(io, api.stream("S", patience()));
    return status ? status->messages : 0;
  }
  json varz() {
    const auto page = base::run(io, server().monitor("/varz", patience()));
    return page ? json::parse(*page, nullptr, false) : json();
  }
};

TEST_F(ServerFaults, AReloadChangesTheConfigurationAndBack) {
  const auto fault =
      make("reload", {{"target", "nats-1"}, {"configuration", "max_payload: 1234"}, {"duration_ms", 1000}},
           on_server());
  const pid_t pid = server().child()->pid();
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_EQ(varz().at("max_payload"), 1234);
  heal(*fault);
  EXPECT_NE(varz().at("max_payload"), 1234);
  EXPECT_EQ(server().child()->pid(), pid) << "it never stopped";
}

TEST_F(ServerFaults, AReloadOfAWrongConfigurationHasNoEffect) {
  const auto fault =
      make("reload", {{"target", "nats-1"}, {"configuration", "max_payload: {{{"}, {"duration_ms", 1000}},
           on_server());
  EXPECT_FALSE(inject(*fault, 500ms).took_effect());
  heal(*fault);
  EXPECT_TRUE(connects());
}

TEST_F(ServerFaults, ARestartWithOtherSettingsIsAnotherProcessWithThem) {
  const auto fault = make(
      "restart_with", {{"target", "nats-1"}, {"configuration", "max_payload: 4321"}, {"duration_ms", 1000}},
      on_server());
  const pid_t pid = server().child()->pid();
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_NE(server().child()->pid(), pid);
  EXPECT_EQ(varz().at("max_payload"), 4321);
  heal(*fault);
  EXPECT_NE(varz().at("max_payload"), 4321);
}

TEST_F(ServerFaults, ALameDuckTakesNobodyUntilItIsReplaced) {
  client::JetStream stays = jetstream();
  const auto fault = make("lame_duck", {{"target", "nats-1"}, {"duration_ms", 1000}}, on_server());
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_FALSE(connects());
  EXPECT_TRUE(stays.connection()->is_open()) << "who was there is sent away later";
  heal(*fault);
  EXPECT_TRUE(connects());
}

TEST_F(ServerFaults, ASlowStartListensAndSaysNothing) {
  const auto fault = make("slow_start", {{"target", "nats-1"}, {"delay_ms", 400}}, on_server());
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_FALSE(server().running());
  const base::Instant began = base::now();
  heal(*fault);
  EXPECT_GE(base::now() - began, 400ms);
  EXPECT_TRUE(connects());
}

TEST_F(ServerFaults, APurgeRemovesEveryMessageAndOneOfNothingHasNoEffect) {
  make_stream(3);
  const auto fault = make("purge", {{"target", "S"}}, on_server());
  const Injected injected = inject(*fault);
  EXPECT_TRUE(injected.took_effect());
  EXPECT_EQ(injected.observation, "3 messages of S removed");
  EXPECT_EQ(stored(), 0U);
  EXPECT_FALSE(inject(*make("purge", {{"target", "S"}}, on_server())).took_effect());
  heal(*fault);
}

TEST_F(ServerFaults, ADeletedStreamComesBackEmptyWithItsConsumers) {
  make_stream(3);
  const auto fault = make("delete_stream", {{"target", "S"}, {"duration_ms", 1000}}, on_server());
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_FALSE(publishes());
  heal(*fault);
  EXPECT_TRUE(publishes());
  EXPECT_EQ(stored(), 1U);
  client::JetStream api = jetstream();
  EXPECT_TRUE(base::run(io, api.consumer("S", "c", patience())));
}

TEST_F(ServerFaults, AFullStreamRefusesUntilItMayTakeMore) {
  make_stream(3);
  const auto fault = make("full", {{"target", "S"}, {"duration_ms", 1000}}, on_server());
  EXPECT_TRUE(inject(*fault).took_effect());
  EXPECT_FALSE(publishes());
  EXPECT_EQ(stored(), 3U) << "nothing was thrown away for it";
  heal(*fault);
  EXPECT_TRUE(publishes());
}

TEST_F(ServerFaults, AConsumerIsPausedWhereTheServerKnowsThat) {
  make_stream(1);
  const auto fault = make("pause_consumer", {{"target", "S/c"}, {"duration_ms", 1000}}, on_server());
  if (deployment->binary().version < cluster::NatsVersion{2, 11, 0}) {
    const auto injected = base::run(io, fault->inject(patience()));
    ASSERT_FALSE(injected);
    EXPECT_THAT(injected.error().message(), HasSubstr("that needs 2.11.0"));
    return;
  }
  EXPECT_TRUE(inject(*fault).took_effect());
  client::JetStream api = jetstream();
  EXPECT_TRUE(base::run(io, api.consumer("S", "c", patience()))->paused);
  heal(*fault);
  EXPECT_FALSE(base::run(io, api.consumer("S", "c", patience()))->paused);
}

TEST_F(ServerFaults, AFaultOfAServerThatIsNotOursIsRefused) {
  json object{{"name", "f"}, {"lame_duck", {{"target", "nats-9"}, {"duration_ms", 1}}}};
  const auto read = fault::fault_from_json(object);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FALSE(make_reversible(std::get<fault::OnTarget>(read->action), around()));
}

}  // namespace
}  // namespace squall::inject
