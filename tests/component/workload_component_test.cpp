// The workload against a real broker: the input stream itself is the effect, so no service is needed.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/asio_run.h"
#include "cluster/deployment.h"
#include "support/temporary_folder.h"
#include "workload/workload.h"

namespace squall::workload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WorkloadOnABroker : public ::testing::Test {
 protected:
  void SetUp() override {
    auto deployment =
        cluster::Deployment::prepare(io_, {.run_folder = folder_.path(), .store_folder = folder_ / "store"});
    ASSERT_TRUE(deployment) << deployment.error().message();
    deployment_ = std::move(*deployment);
    const auto started = base::run(io_, deployment_->start(base::now() + seconds(20)));
    ASSERT_TRUE(started) << started.error().message();
    const auto stream = base::run(io_, create_stream());
    ASSERT_TRUE(stream) << stream.error().message();
  }

  boost::asio::awaitable<base::Result<void>> create_stream() {
    client::ConnectOptions where{.port = deployment_->server().client_port()};
    auto connection = co_await client::Connection::connect(io_, where, base::now() + seconds(5));
    if (!connection) co_return std::unexpected(connection.error());
    client::JetStream jetstream(*connection);
    const auto config = nlohmann::json::parse(R"({"name": "IN", "subjects": ["in.>"], "storage": "file"})");
    const auto made = co_await jetstream.create_stream(config, base::now() + seconds(5));
    if (!made) co_return std::unexpected(made.error().as_error());
    co_return base::Result<void>{};
  }

  boost::asio::awaitable<base::Result<std::uint64_t>> messages_stored() {
    client::ConnectOptions where{.port = deployment_->server().client_port()};
    auto connection = co_await client::Connection::connect(io_, where, base::now() + seconds(5));
    if (!connection) co_return std::unexpected(connection.error());
    client::JetStream jetstream(*connection);
    const auto status = co_await jetstream.stream("IN", base::now() + seconds(5));
    if (!status) co_return std::unexpected(status.error().as_error());
    co_return status->messages;
  }

  WorkloadOptions options() {
    const auto make_input = [](ledger::OpId id, Input& input) {
      input.key = "k-" + std::to_string(id);
      input.subject = "in." + std::to_string(id % 3);
      input.payload = input.key;
    };
    StoredEffects stored{.stream = "IN", .key_of = [](const client::StoredMessage& message) {
                           return std::optional(message.payload);
                         }};
    return {.nats = {.servers = {{.host = "127.0.0.1", .port = deployment_->server().client_port()}},
                     .options = {}},
            .load = {.pacing = {.per_second = 2000, .burst = 10},
                     .make_input = make_input,
                     .timeout = milliseconds(1000)},
            .effects = {{.stage = "stored", .how = stored}},
            .key_prefix = "k-"};
  }

  // So many core publishes, as fast as the kernel takes them.
  WorkloadOptions core_at_full_speed(std::uint64_t inputs) {
    WorkloadOptions unpaced = options();
    unpaced.load.transport = Transport::kCore;
    unpaced.load.unpaced = true;
    unpaced.load.in_flight = 64;
    unpaced.load.inputs = inputs;
    return unpaced;
  }

  // Polls until the counts are so; the load runs on its own thread.
  static bool wait_for(Workload& load, const std::function<bool(const ledger::Counts&)>& so) {
    const base::Instant deadline = base::now() + seconds(20);
    while (base::now() < deadline) {
      if (so(load.progress().counts)) return true;
      std::this_thread::yield();
    }
    return false;
  }
  static bool wait_for_acks(Workload& load, std::uint64_t count) {
    return wait_for(load, [count](const ledger::Counts& counts) { return counts.ok >= count; });
  }

  testing::TemporaryFolder folder_;
  boost::asio::io_context io_;
  std::unique_ptr<cluster::Deployment> deployment_;
};

// At full speed core publishes are recorded in runs; one that cannot be sent stands alone in between.
class CoreAtFullSpeed : public WorkloadOnABroker, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(CoreAtFullSpeed, EachPublishIsInTheLedgerAndReadBack) {
  constexpr std::uint64_t kInputs = 5'000;
  constexpr std::uint64_t kTooLarge = 777;
  WorkloadOptions unpaced = core_at_full_speed(kInputs);
  unpaced.load.connections = GetParam();
  std::string file;
  unpaced.ledger_sink = [&](std::string_view bytes) -> base::Result<void> {
    file += bytes;
    return {};
  };
  unpaced.load.make_input = [small = unpaced.load.make_input](ledger::OpId id, Input& input) {
    small(id, input);
    input.order_key = static_cast<std::uint32_t>(id / 100 % 2) + 1;
    if (id == kTooLarge) input.payload.assign(2 << 20, 'x');
  };
  {
    Workload load(unpaced);
    load.start();
    EXPECT_TRUE(
        wait_for(load, [](const ledger::Counts& counts) { return counts.effects.front() >= kInputs - 1; }));
    load.stop_load();
    const ledger::Counts counts = load.progress().counts;
    EXPECT_EQ(counts.attempted, kInputs);
    EXPECT_EQ(counts.unknown, kInputs - 1);
    EXPECT_EQ(counts.failed, 1U);
    EXPECT_EQ(counts.effects.front(), kInputs - 1);
  }
  ledger::Ledger again({.stages = {"stored"}, .key_prefix = "k-", .anchor = {}});
  const auto reading =
      ledger::read(file, {.on_record = [&](const ledger::Record& record) { again.add(record); }});
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->cut_short);
  EXPECT_FALSE(again.inconsistency()) << *again.inconsistency();
  EXPECT_EQ(again.counts().unknown, kInputs - 1);
  EXPECT_EQ(again.counts().effects.front(), kInputs - 1);
  EXPECT_EQ(again.operation(kTooLarge).state, ledger::State::failed);
  EXPECT_EQ(again.facts(450)->order_key, 1U);
  EXPECT_EQ(again.facts(550)->order_key, 2U);
  std::set<std::uint32_t> sources;
  for (ledger::OpId id = 0; id < kInputs; ++id) sources.insert(again.facts(id)->source);
  EXPECT_EQ(sources.size(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(OverSoManyConnections, CoreAtFullSpeed, ::testing::Values(1, 3));

// What waited for the kernel once went down with the load's connection.
TEST_F(WorkloadOnABroker, CorePublishesThatWereSentReachTheServerThoughTheLoadEnds) {
  constexpr std::uint64_t kInputs = 20'000;
  WorkloadOptions unpaced = core_at_full_speed(kInputs);
  unpaced.load.make_input = [small = unpaced.load.make_input](ledger::OpId id, Input& input) {
    small(id, input);
    input.payload.resize(1'000, '.');
  };
  {
    Workload load(unpaced);
    load.start();
    ASSERT_TRUE(wait_for(load, [](const ledger::Counts& counts) { return counts.unknown >= kInputs; }));
    load.stop_load();
  }
  // Newer servers store what they have taken a little later.
  base::Result<std::uint64_t> stored = 0;
  for (const base::Instant until = base::now() + seconds(10); base::now() < until;) {
    stored = base::run(io_, messages_stored());
    ASSERT_TRUE(stored) << stored.error().message();
    if (*stored == kInputs) break;
  }
  EXPECT_EQ(*stored, kInputs);
}

TEST_F(WorkloadOnABroker, EveryInputEndsOnceAndItsEffectIsReadBackAcrossABrokerKill) {
  Workload load(options());
  load.start();
  ASSERT_TRUE(wait_for_acks(load, 500));
  ASSERT_TRUE(deployment_->server().signal(SIGKILL));
  ASSERT_TRUE(base::run(io_, deployment_->server().child()->wait_exit(base::now() + seconds(5))));
  const auto restarted = base::run(io_, deployment_->server().start(base::now() + seconds(10)));
  ASSERT_TRUE(restarted) << restarted.error().message();
  ASSERT_TRUE(wait_for_acks(load, load.progress().counts.ok + 500));
  load.stop_load();
  ASSERT_TRUE(load.drain(base::now() + seconds(10)).caught_up);

  load.with_ledger([](const ledger::Ledger& ledger) {
    const ledger::Counts& counts = ledger.counts();
    EXPECT_EQ(counts.open, 0U);
    EXPECT_EQ(counts.attempted, counts.ok + counts.failed + counts.unknown);
    EXPECT_EQ(ledger.inconsistency(), std::nullopt);
    EXPECT_TRUE(ledger.unexpected().empty());
    for (ledger::OpId id = 0; id < ledger.size(); ++id) {
      const ledger::Operation operation = ledger.operation(id);
      EXPECT_TRUE(!operation.acknowledged() || operation.finished()) << ledger.key(id);
      EXPECT_LE(operation.effects.front().count, 1U) << ledger.key(id);
    }
    return 0;
  });
}

TEST_F(WorkloadOnABroker, TheScheduleGoesOnWhileTheBrokerIsDown) {
  Workload load(options());
  load.start();
  ASSERT_TRUE(wait_for_acks(load, 100));
  ASSERT_TRUE(deployment_->server().signal(SIGKILL));
  ASSERT_TRUE(base::run(io_, deployment_->server().child()->wait_exit(base::now() + seconds(5))));
  const base::Instant deadline = base::now() + seconds(20);
  while (load.progress().counts.failed < 500 && base::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(load.progress().counts.failed, 500U)
      << "inputs that fall due without a broker are failed operations";
  EXPECT_FALSE(load.progress().connected);
}

TEST_F(WorkloadOnABroker, WhatTheStreamDoesNotStoreIsUnfinished) {
  WorkloadOptions wrong = options();
  std::get<StoredEffects>(wrong.effects.front().how).key_of = [](const client::StoredMessage& message) {
    return message.payload == "k-7" ? std::nullopt : std::optional(message.payload);
  };
  Workload load(std::move(wrong));
  load.start();
  ASSERT_TRUE(wait_for_acks(load, 50));
  load.stop_load();
  EXPECT_EQ(load.drain(base::now() + milliseconds(300)).left, "1 inputs without their last effect");
  EXPECT_EQ(load.progress().unfinished, 1U);
}

TEST_F(WorkloadOnABroker, AFullDiskForTheLedgerIsReported) {
  WorkloadOptions full = options();
  full.ledger_sink = [](std::string_view) -> base::Result<void> {
    return base::fail("no space left on device");
  };
  Workload load(std::move(full));
  load.start();
  ASSERT_TRUE(wait_for_acks(load, 200));
  const base::Instant deadline = base::now() + seconds(10);
  while (!load.write_error() && base::now() < deadline) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(load.write_error(), "no space left on device");
}

}  // namespace
}  // namespace squall::workload
