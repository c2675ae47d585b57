// The example workers, in Node and Python, on the streams that users have. Where their languages or
// registries are not there, the tests are skipped and say so.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/asio_run.h"
#include "client/jetstream.h"
#include "process/spawn.h"
#include "support/nats_fixture.h"
#include "workload/workload.h"

namespace squall::workload {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

base::Instant patience() { return base::now() + 30s; }

struct Example {
  std::string name;       // "node-worker"
  std::string retention;  // of the input stream
};

// The command that runs it, or why it cannot be run here. Asked once: without a registry it takes its time.
base::Result<std::vector<std::string>> find_command(const std::string& name) {
  const CommandEffects setup{.command = {EXAMPLES_SETUP, name}, .deadline = 100s};
  const auto printed = run_effect_command(setup, -1);
  if (!printed) return std::unexpected(printed.error());
  std::vector<std::string> words;
  std::istringstream text(*printed);
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

base::Result<std::vector<std::string>> command_of(const std::string& name) {
  static std::map<std::string, base::Result<std::vector<std::string>>> known;
  const auto found = known.find(name);
  return found != known.end() ? found->second : known.emplace(name, find_command(name)).first->second;
}

class Worker {
 public:
  Worker(std::vector<std::string> command, std::uint16_t port, const std::string& wrong) {
    if (!wrong.empty()) command.push_back("--wrong=" + wrong);
    process::SpawnOptions options;
    options.command = std::move(command);
    options.environment = {{"NATS_URL", fmt::format("nats://127.0.0.1:{}", port)}};
    auto spawned = process::spawn(options);
    EXPECT_TRUE(spawned) << spawned.error().message();
    if (spawned) child_ = std::move(*spawned);
  }
  ~Worker() {
    if (child_.pid <= 0) return;
    syscall(SYS_pidfd_send_signal, child_.pidfd.get(), SIGKILL, nullptr, 0);
    waitpid(child_.pid, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

 private:
  process::Spawned child_;
};

class ExampleTest : public ::testing::TestWithParam<Example> {
 protected:
  static constexpr std::uint64_t kInputs = 60;

  void SetUp() override {
    auto command = command_of(GetParam().name);
    if (!command) GTEST_SKIP() << command.error().message();
    command_ = std::move(*command);
    client::ConnectOptions options{.port = server_.port()};
    connection_ = *base::run(io_, client::Connection::connect(io_, options, patience()));
    make_stream({{"name", "ORDERS"}, {"subjects", {"orders.created"}}, {"retention", GetParam().retention}});
    make_stream({{"name", "CONFIRMED"}, {"subjects", {"orders.confirmed"}}});
    const json config{{"durable_name", "worker"}, {"ack_policy", "explicit"}, {"ack_wait", 2'000'000'000}};
    client::JetStream jetstream(connection_);
    ASSERT_TRUE(base::run(io_, jetstream.create_consumer("ORDERS", config, patience())));
  }
  void make_stream(json config) {
    client::JetStream jetstream(connection_);
    const auto made = base::run(io_, jetstream.create_stream(std::move(config), patience()));
    ASSERT_TRUE(made) << made.error().message();
  }
  // What the ledger was told while the worker did all of its orders.
  std::vector<ledger::Record> run(const std::string& wrong) {
    const Worker worker(command_, server_.port(), wrong);
    auto source = InputSource::make({.subjects = {"orders.created"},
                                     .samples = {R"({"order_id":"","amount":0})"},
                                     .set = {{"/order_id", "${id}"}, {"/amount", "${number}"}},
                                     .key_prefix = "r1-"});
    const StoredEffects stored{.stream = "CONFIRMED", .match = {.name = "/order_id"}, .carried = "/amount"};
    std::string file;
    {
      Workload load({.nats = {.servers = {{.host = "127.0.0.1", .port = server_.port()}}, .options = {}},
                     .load = {.in_flight = 10,
                              .unpaced = true,
                              .inputs = kInputs,
                              .make_input = [made = *source](ledger::OpId id,
                                                             Input& input) { made.make_input(id, input); },
                              .carried = "/amount"},
                     .effects = {{.stage = "confirmed", .how = stored}},
                     .key_prefix = "r1-",
                     .inputs = InputStream{.stream = "ORDERS", .consumers = {"worker"}},
                     .ledger_sink = [&](std::string_view bytes) -> base::Result<void> {
                       file += bytes;
                       return {};
                     }});
      load.start();
      while (load.progress().counts.ok < kInputs) std::this_thread::sleep_for(1ms);
      load.stop_load();
      const Drained drained = load.drain(patience());
      EXPECT_TRUE(drained.caught_up) << drained.left;
      load.finish(patience());
      EXPECT_TRUE(load.doubts().empty()) << load.doubts().front().what;
    }
    std::vector<ledger::Record> records;
    const ledger::Visitor keep{.on_layout = {},
                               .on_record = [&](const ledger::Record& record) { records.push_back(record); },
                               .on_entry = {}};
    EXPECT_TRUE(ledger::read(file, keep));
    return records;
  }

  testing::NatsServer server_;
  boost::asio::io_context io_;
  std::shared_ptr<client::Connection> connection_;
  std::vector<std::string> command_;
};

struct Told {
  std::size_t effects = 0;
  std::size_t in_wrong_order = 0;  // behind one that was sent later
  std::size_t with_another_amount = 0;
  std::size_t still_stored = 0;
};

Told look_at(const std::vector<ledger::Record>& records) {
  Told told;
  std::map<std::string, std::optional<std::uint32_t>> sent;
  std::uint64_t highest = 0;
  for (const ledger::Record& record : records) {
    if (const auto* attempt = std::get_if<ledger::Attempt>(&record)) sent[attempt->key] = attempt->checksum;
    if (std::holds_alternative<ledger::Stored>(record)) ++told.still_stored;
    const auto* effect = std::get_if<ledger::Effect>(&record);
    if (effect == nullptr) continue;
    ++told.effects;
    const std::uint64_t number = std::stoull(effect->key.substr(3));
    if (number < highest) ++told.in_wrong_order;
    highest = std::max(highest, number);
    if (effect->checksum != sent.at(effect->key)) ++told.with_another_amount;
  }
  return told;
}

TEST_P(ExampleTest, AnHonestWorkerConfirmsEachOrderOnceInOrderAndIntact) {
  const Told told = look_at(run(""));
  EXPECT_EQ(told.effects, kInputs);
  EXPECT_EQ(told.in_wrong_order, 0U);
  EXPECT_EQ(told.with_another_amount, 0U);
  EXPECT_EQ(told.still_stored, GetParam().retention == "limits" ? kInputs : 0U);
}

TEST_P(ExampleTest, OneThatCorruptsIsSeen) {
  const Told told = look_at(run("corrupts"));
  EXPECT_EQ(told.effects, kInputs);
  EXPECT_EQ(told.with_another_amount, kInputs / 10);
}

TEST_P(ExampleTest, OneThatReordersIsSeen) {
  const Told told = look_at(run("reorders"));
  EXPECT_EQ(told.effects, kInputs);
  EXPECT_GT(told.in_wrong_order, 0U);
}

INSTANTIATE_TEST_SUITE_P(Workers, ExampleTest,
                         ::testing::Values(Example{"node-worker", "limits"},
                                           Example{"python-worker", "workqueue"},
                                           Example{"python-worker", "interest"}),
                         [](const auto& instance) {
                           std::string name = instance.param.name + "_" + instance.param.retention;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace squall::workload
