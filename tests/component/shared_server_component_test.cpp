// `squall run` on a server that belongs to others: TLS and a .creds file, clients, streams and consumers that
// have nothing to do with the experiment, a work queue and three replicas of the service. All of theirs stays
// as it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/asio_run.h"
#include "client/jetstream.h"
#include "process/awaited_command.h"
#include "support/certificates.h"
#include "support/nats_fixture.h"
#include "support/nats_operator.h"

namespace squall::client {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

base::Instant patience() { return base::now() + 20s; }

class SharedServer : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto setup = process::run_awaited({.command = {EXAMPLES_SETUP, "node-worker"}, .deadline = 100s});
    ASSERT_TRUE(setup) << setup.error().message();
    if (!setup->succeeded()) GTEST_SKIP() << setup->output;
    std::istringstream(setup->output) >> worker_[0] >> worker_[1];
    theirs_ = connect();
    JetStream jetstream(theirs_);
    make_stream({{"name", "ORDERS"}, {"subjects", {"orders.created"}}, {"retention", "workqueue"}});
    make_stream({{"name", "CONFIRMED"}, {"subjects", {"orders.confirmed"}}});
    make_stream({{"name", "ELSEWHERE"}, {"subjects", {"elsewhere.>"}}});
    make_consumer("ORDERS", "worker");
    make_consumer("ELSEWHERE", "theirs");
    for (int i = 0; i < 5; ++i) {
      const auto stored = base::run(io_, theirs_->publish_js("elsewhere.x", "theirs", {}, patience()));
      ASSERT_TRUE(std::holds_alternative<Acknowledged>(stored));
    }
  }
  std::shared_ptr<Connection> connect() {
    ConnectOptions options{.port = server_.port()};
    options.credentials = *read_creds_file(creds_);
    options.tls = {.required = true, .ca_file = authority_.file()};
    auto connection = base::run(io_, Connection::connect(io_, std::move(options), patience()));
    EXPECT_TRUE(connection) << (connection ? "" : connection.error().message());
    return connection ? *connection : nullptr;
  }
  void make_stream(json config) {
    JetStream jetstream(theirs_);
    const auto made = base::run(io_, jetstream.create_stream(std::move(config), patience()));
    ASSERT_TRUE(made) << made.error().message();
  }
  void make_consumer(std::string stream, std::string name) {
    JetStream jetstream(theirs_);
    json config{{"durable_name", name}, {"ack_policy", "explicit"}, {"ack_wait", 1'000'000'000}};
    const auto made =
        base::run(io_, jetstream.create_consumer(std::move(stream), std::move(config), patience()));
    ASSERT_TRUE(made) << made.error().message();
  }
  // Every stream and consumer with its configuration, and how far they are where the experiment has no
  // business.
  json all_of_it() {
    JetStream jetstream(theirs_);
    json all;
    const auto streams = base::run(io_, jetstream.stream_names(patience()));
    EXPECT_TRUE(streams);
    for (const std::string& name : *streams) {
      const auto stream = base::run(io_, jetstream.stream(name, patience()));
      EXPECT_TRUE(stream);
      all[name]["config"] = stream->config;
      if (name == "ELSEWHERE")
        all[name]["messages"] = {stream->messages, stream->first_seq, stream->last_seq};
      const auto consumers = base::run(io_, jetstream.consumer_names(name, patience()));
      EXPECT_TRUE(consumers);
      for (const std::string& each : *consumers) {
        const auto consumer = base::run(io_, jetstream.consumer(name, each, patience()));
        EXPECT_TRUE(consumer);
        all[name]["consumers"][each] = consumer->config;
        if (name == "ELSEWHERE") all[name]["pending"] = consumer->num_pending;
      }
    }
    return all;
  }
  std::string experiment(const std::string& more = "") const {
    std::string text = R"(squall: 1
name: shared
nats:
  url: tls://127.0.0.1:@PORT
  creds: @CREDS
  tls: {ca: @CA}
  shared: true
processes:
  orders:
    command: ['@NODE', '@WORKER', --work-ms=15]
    replicas: 3
    env: {NATS_URL: "${nats.url}", NATS_CREDS: @CREDS, NATS_CA: @CA}
    ready: {consumer: ORDERS/worker}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":"","amount":1}', set: {/order_id: "${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults:
  - {kill: orders, strike: 1, when: random}
trials: {count: 2, baseline: 500ms, control: 500ms}
expect: {caught_up: 20s, lost: 0, duplicates: 0, hit: some}
)";
    const std::vector<std::pair<std::string, std::string>> values{{"@PORT", std::to_string(server_.port())},
                                                                  {"@CREDS", creds_.string()},
                                                                  {"@CA", authority_.file().string()},
                                                                  {"@NODE", worker_[0]},
                                                                  {"@WORKER", worker_[1]}};
    for (const auto& [name, value] : values) {
      for (std::size_t at = text.find(name); at != text.npos; at = text.find(name)) {
        text.replace(at, name.size(), value);
      }
    }
    return text + more;
  }
  process::CommandEnd run_squall(const std::string& text) {
    std::ofstream(folder_ / "shared.yaml") << text;
    const auto ended = process::run_awaited({.command = {SQUALL, "run", "shared.yaml"},
                                             .working_directory = folder_.path().string(),
                                             .deadline = 100s});
    EXPECT_TRUE(ended) << ended.error().message();
    return ended ? *ended : process::CommandEnd{};
  }

  boost::asio::io_context io_;
  testing::TemporaryFolder folder_;
  testing::Authority authority_{folder_.path(), "authority"};
  testing::Authority::Files files_ = authority_.issue("server", "IP:127.0.0.1,DNS:localhost");
  testing::NatsOperator operator_;
  std::filesystem::path creds_ = operator_.creds_file(folder_.path(), "worker");
  testing::NatsServer server_{
      {.configuration =
           operator_.configuration() + fmt::format("tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
                                                   files_.certificate.string(), files_.key.string())}};
  std::shared_ptr<Connection> theirs_;
  std::string worker_[2];
};

TEST_F(SharedServer, TheWholeFlowWorksAndAllOfTheirsIsAsItWas) {
  const json before = all_of_it();
  std::uint64_t heard = 0;
  const auto listening = theirs_->subscribe("elsewhere.>", [&](const MessageView&) { ++heard; });
  const process::CommandEnd ended = run_squall(experiment());
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("lost          0 of "));
  EXPECT_THAT(ended.output, HasSubstr("orders.created: no other publisher in 5.00 s"));
  EXPECT_THAT(ended.output, HasSubstr("left behind"));
  EXPECT_EQ(all_of_it(), before);
  EXPECT_TRUE(theirs_->is_open()) << "their connection was never touched";
  EXPECT_EQ(heard, 0U);
}

TEST_F(SharedServer, WhoElsePublishesOrConsumesIsNamedAndRefusedUnlessAllowed) {
  make_consumer("CONFIRMED", "billing");
  process::CommandEnd ended = run_squall(experiment());
  EXPECT_EQ(ended.exit_code, 3) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("CONFIRMED/billing would get what this experiment makes"));

  std::atomic<bool> going_on = true;
  std::thread publisher([&] {
    boost::asio::io_context io;
    ConnectOptions options{.port = server_.port()};
    options.credentials = *read_creds_file(creds_);
    options.tls = {.required = true, .ca_file = authority_.file()};
    auto connection = *base::run(io, Connection::connect(io, std::move(options), patience()));
    for (int i = 0; i < 400 && going_on; ++i) {
      (void)base::run(io,
                      connection->publish_js("orders.created", "{\"order_id\":\"theirs\"}", {}, patience()));
      std::this_thread::sleep_for(50ms);
    }
  });
  ended = run_squall(experiment("allow: {other_consumers: true}\n"));
  EXPECT_EQ(ended.exit_code, 3) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("somebody else publishes orders.created"));
  going_on = false;
  publisher.join();
}

}  // namespace
}  // namespace squall::client
