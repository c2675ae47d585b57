// Generators and effects against a real broker; the system under test is a few lines on the same broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/asio_run.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "support/nats_fixture.h"
#include "support/temporary_folder.h"
#include "workload/workload.h"

namespace squall::workload {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::NatsServer;

base::Instant patience() { return base::now() + 20s; }

// Echoes from a thread of its own, as a service would: the load's thread must not wait for ours.
class EchoService {
 public:
  EchoService(std::uint16_t port, bool keeps_identity) { thread_.run(start(port, keeps_identity)); }
  ~EchoService() {
    thread_.call([this] {
      subscription_.reset();
      connection_.reset();
    });
  }

 private:
  boost::asio::awaitable<void> start(std::uint16_t port, bool keeps_identity) {
    client::ConnectOptions options{.port = port};
    connection_ = *co_await client::Connection::connect(thread_.io(), options, patience());
    auto subscription =
        connection_->subscribe("work", [this, keeps_identity](const client::MessageView& message) {
          (void)connection_->publish(message.reply, keeps_identity ? message.payload : "{}");
        });
    subscription_ = std::move(*subscription);
    (void)co_await connection_->ping(patience());
  }

  base::ControlThread thread_{"echo"};
  std::shared_ptr<client::Connection> connection_;
  client::Subscription subscription_;
};

class EffectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client::ConnectOptions options{.port = server_.port()};
    connection_ = *base::run(io_, client::Connection::connect(io_, options, patience()));
  }
  client::JetStream jetstream() { return client::JetStream(connection_); }
  void make_stream(json config) {
    const auto made = base::run(io_, jetstream().create_stream(std::move(config), patience()));
    ASSERT_TRUE(made) << made.error().message();
  }
  void publish(const std::string& subject, const std::string& payload) {
    const auto outcome = base::run(io_, connection_->publish_js(subject, payload, {}, patience()));
    ASSERT_TRUE(std::holds_alternative<client::Acknowledged>(outcome));
  }
  // 50 inputs "r1-<n>" to `subject`, with their identity at /id, one after the other.
  WorkloadOptions fifty(const std::string& subject, EffectSource effect) {
    auto source = InputSource::make({.subjects = {subject}, .key_prefix = "r1-"});
    return {.nats = {.servers = {{.host = "127.0.0.1", .port = server_.port()}}, .options = {}},
            .load = {.in_flight = 1,
                     .unpaced = true,
                     .inputs = 50,
                     .make_input = [made = *source](ledger::OpId id,
                                                    Input& input) { made.make_input(id, input); },
                     .timeout = 2s},
            .effects = {std::move(effect)},
            .key_prefix = "r1-"};
  }
  static EffectSource stored(const std::string& stream) {
    return {.stage = "done", .how = StoredEffects{.stream = stream, .match = {.name = "/id"}}};
  }
  static bool wait_for(const std::function<bool()>& condition) {
    for (const auto deadline = patience(); base::now() < deadline; std::this_thread::sleep_for(1ms)) {
      if (condition()) return true;
    }
    return false;
  }
  static std::string doubts(Workload& load) {
    std::string all;
    for (const Doubt& doubt : load.doubts()) all += fmt::format("{} x {}\n", doubt.times, doubt.what);
    return all;
  }
  // Runs all fifty to their end.
  static Drained run(Workload& load, base::Nanos patience_of_drain = 10s) {
    load.start();
    EXPECT_TRUE(wait_for([&] {
      const auto counts = load.progress().counts;
      return counts.attempted == 50 && counts.open == 0;
    }));
    load.stop_load();
    const Drained drained = load.drain(base::now() + patience_of_drain);
    load.finish(patience());
    return drained;
  }

  NatsServer server_;
  boost::asio::io_context io_;
  std::shared_ptr<client::Connection> connection_;
};

TEST_F(EffectsTest, ARepliedRequestIsAcceptedAndItsReplyIsItsEffect) {
  EchoService service(server_.port(), true);
  WorkloadOptions options =
      fifty("work", {.stage = "reply", .how = ReplyEffects{IdentityPlace{.name = "/id"}}});
  options.load.transport = Transport::kRequest;
  Workload load(std::move(options));
  EXPECT_TRUE(run(load).caught_up);
  EXPECT_EQ(load.progress().counts.ok, 50U);
  EXPECT_EQ(load.progress().counts.effects.front(), 50U);
  EXPECT_EQ(doubts(load), "");
  load.with_ledger([](const ledger::Ledger& ledger) {
    EXPECT_EQ(ledger.inconsistency(), std::nullopt);
    return 0;
  });
}

TEST_F(EffectsTest, RepliesWithoutTheirIdentityAreADoubt) {
  EchoService service(server_.port(), false);
  WorkloadOptions options =
      fifty("work", {.stage = "reply", .how = ReplyEffects{IdentityPlace{.name = "/id"}}});
  options.load.transport = Transport::kRequest;
  Workload load(std::move(options));
  EXPECT_FALSE(run(load, 100ms).caught_up);
  EXPECT_THAT(doubts(load), HasSubstr("50 x replies without an identity (JSON pointer /id)"));
}

TEST_F(EffectsTest, ACorePublishIsNeverAcceptedButItsEffectCounts) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}});
  WorkloadOptions options = fifty("work", stored("OUT"));
  options.load.transport = Transport::kCore;
  Workload load(std::move(options));
  EXPECT_TRUE(run(load).caught_up);
  EXPECT_EQ(load.progress().counts.unknown, 50U);
  EXPECT_EQ(load.progress().counts.effects.front(), 50U);
}

TEST_F(EffectsTest, AFailedInputIsSentAgainWithTheSameIdentity) {
  WorkloadOptions options = fifty("work", stored("OUT"));
  options.load.inputs = 1;
  options.load.retry = {.attempts = 1000, .pause = 5ms};
  Workload load(std::move(options));
  load.start();
  // The first attempt has failed, and was not merely sent.
  ASSERT_TRUE(wait_for([&] {
    return load.with_ledger(
        [](const ledger::Ledger& ledger) { return ledger.size() == 1 && ledger.operation(0).attempts > 1; });
  }));
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}});
  ASSERT_TRUE(wait_for([&] { return load.progress().counts.ok == 1; }));
  load.stop_load();
  EXPECT_TRUE(load.drain(patience()).caught_up);
  load.with_ledger([](const ledger::Ledger& ledger) {
    EXPECT_GT(ledger.operation(0).attempts, 1U);
    EXPECT_EQ(ledger.size(), 1U);
    return 0;
  });
}

TEST_F(EffectsTest, ASubjectThatNobodyStoresIsADoubtAndNoLoss) {
  make_stream({{"name", "OUT"}, {"subjects", {"other"}}});
  Workload load(fifty("work", stored("OUT")));
  run(load, 50ms);
  EXPECT_EQ(load.progress().counts.ok, 0U);
  EXPECT_EQ(load.progress().counts.failed, 50U);
  EXPECT_THAT(doubts(load), HasSubstr("no input was ever accepted; the last answer for work: no responders"));
}

TEST_F(EffectsTest, AFullStreamIsADoubtWithTheServersWords) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}, {"max_msgs", 20}, {"discard", "new"}});
  Workload load(fifty("work", stored("OUT")));
  run(load, 50ms);
  EXPECT_EQ(load.progress().counts.ok, 20U);
  EXPECT_THAT(doubts(load), HasSubstr("30 x inputs refused by work: maximum messages exceeded"));
}

TEST_F(EffectsTest, AStreamThatIsNotThereIsADoubt) {
  Workload load(fifty("work", stored("NOPE")));
  run(load, 50ms);
  EXPECT_THAT(doubts(load), HasSubstr("effects in NOPE could not be read: stream not found"));
}

TEST_F(EffectsTest, EffectsWithoutAnIdentityAreADoubt) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}});
  EffectSource effect = stored("OUT");
  std::get<StoredEffects>(effect.how).match = {.kind = IdentityPlace::Kind::kHeader, .name = "Order"};
  Workload load(fifty("work", effect));
  EXPECT_FALSE(run(load, 50ms).caught_up);
  EXPECT_THAT(doubts(load), HasSubstr("50 x messages in OUT without an identity (header Order)"));
}

// A work queue's consumer may take an effect before we have read it: that is neither an effect nor a loss.
TEST_F(EffectsTest, EffectsTakenBeforeTheyWereReadAreADoubtAndTheQueueIsLeftAlone) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}, {"retention", "workqueue"}});
  Workload load(fifty("work", stored("OUT")));
  EXPECT_TRUE(run(load).caught_up);
  EXPECT_EQ(doubts(load), "");
  EXPECT_EQ(base::run(io_, jetstream().stream("OUT", patience()))->messages, 50U);
  EXPECT_EQ(base::run(io_, jetstream().stream("OUT", patience()))->consumers, 0U);

  for (int i = 0; i < 3; ++i) publish("work", "{}");
  for (const int seq : {51, 53}) {
    const std::string body = json{{"seq", seq}}.dump();
    ASSERT_TRUE(base::run(io_, jetstream().call("$JS.API.STREAM.MSG.DELETE.OUT", body, patience())));
  }
  auto source = InputSource::make({.subjects = {"work"}, .key_prefix = "r2-"});
  WorkloadOptions second = fifty("work", stored("OUT"));
  second.key_prefix = "r2-";
  second.load.make_input = [made = *source](ledger::OpId id, Input& input) { made.make_input(id, input); };
  Workload behind(std::move(second));
  EXPECT_TRUE(run(behind).caught_up);
  EXPECT_THAT(doubts(behind), HasSubstr("2 x effects taken from OUT before they could be read"));
}

TEST_F(EffectsTest, InterestStreamsAreReadWithoutAConsumerOfOurs) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}, {"retention", "interest"}});
  const json config{{"durable_name", "keeper"}, {"ack_policy", "explicit"}};
  ASSERT_TRUE(base::run(io_, jetstream().create_consumer("OUT", config, patience())));
  Workload load(fifty("work", stored("OUT")));
  EXPECT_TRUE(run(load).caught_up);
  EXPECT_EQ(load.progress().counts.effects.front(), 50U);
  EXPECT_EQ(base::run(io_, jetstream().stream("OUT", patience()))->consumers, 1U);
}

// Nobody is interested, so nothing is kept for us to read.
TEST_F(EffectsTest, AnInterestStreamWithoutConsumersShowsNothingAndSaysSo) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}, {"retention", "interest"}});
  Workload load(fifty("work", stored("OUT")));
  EXPECT_FALSE(run(load, 300ms).caught_up);
  EXPECT_THAT(doubts(load), HasSubstr("50 x effects taken from OUT before they could be read"));
}

TEST_F(EffectsTest, TheDrainWaitsForTheConsumersAndTheScanFindsWhatIsLeft) {
  make_stream({{"name", "OUT"}, {"subjects", {"work"}}});
  const json config{{"durable_name", "worker"}, {"ack_policy", "explicit"}};
  ASSERT_TRUE(base::run(io_, jetstream().create_consumer("OUT", config, patience())));
  WorkloadOptions options = fifty("work", stored("OUT"));
  options.inputs = InputStream{.stream = "OUT", .consumers = {"worker", "gone"}};
  std::string file;
  options.ledger_sink = [&](std::string_view bytes) -> base::Result<void> {
    file += bytes;
    return {};
  };
  {
    Workload load(std::move(options));
    const Drained drained = run(load, 100ms);
    EXPECT_FALSE(drained.caught_up);
    EXPECT_EQ(drained.left,
              "worker: 50 not delivered, 0 not acked, nobody pulls from it; gone: consumer not found (404, "
              "err_code 10014)");
    EXPECT_THAT(doubts(load), HasSubstr("consumer gone of OUT could not be looked at in the end"));
  }
  std::size_t found = 0;
  std::optional<ledger::ScanEnded> ended;
  std::optional<ledger::ConsumerState> consumer;
  const ledger::Visitor visitor{
      .on_layout = {},
      .on_record =
          [&](const ledger::Record& record) {
            if (std::holds_alternative<ledger::Stored>(record)) ++found;
            const auto* circumstance = std::get_if<ledger::Circumstance>(&record);
            if (circumstance == nullptr) return;
            if (const auto* scan = std::get_if<ledger::ScanEnded>(circumstance)) ended = *scan;
            if (const auto* state = std::get_if<ledger::ConsumerState>(circumstance)) consumer = *state;
          },
      .on_entry = {}};
  ASSERT_TRUE(ledger::read(file, visitor));
  EXPECT_EQ(found, 50U);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->last_seq, 50U);
  EXPECT_EQ(ended->incomplete_because, "");
  ASSERT_TRUE(consumer);
  EXPECT_EQ(consumer->name, "worker");
  EXPECT_EQ(consumer->num_pending, 50U);
}

TEST_F(EffectsTest, ACommandTellsTheEffectsOfADatabase) {
  make_stream({{"name", "IN"}, {"subjects", {"work"}}});
  const testing::TemporaryFolder folder;
  const std::string script = "for i in $(seq 0 49); do echo r1-$i; done; echo r1-7";
  CommandEffects command{.command = {"sh", "-c", script}, .every = 20ms};
  Workload load(fifty("work", {.stage = "row", .how = command}));
  EXPECT_TRUE(run(load).caught_up);
  load.with_ledger([](const ledger::Ledger& ledger) {
    EXPECT_EQ(ledger.operation(7).effects.front().count, 2U) << "printed twice";
    EXPECT_EQ(ledger.operation(8).effects.front().count, 1U) << "printed again and again, and one effect";
    return 0;
  });
  EXPECT_EQ(doubts(load), "");
}

TEST(CommandEffects, AFailureAHangAndAMissingProgramAreErrorsWithAName) {
  const auto fails = run_effect_command({.command = {"sh", "-c", "echo no database >&2; exit 3"}}, -1);
  EXPECT_EQ(fails.error().message(), "sh failed (exit code 3): no database");
  const auto began = base::now();
  const auto hangs =
      run_effect_command({.command = {"sh", "-c", "sleep 60 & sleep 60"}, .deadline = 50ms}, -1);
  EXPECT_EQ(hangs.error().message(), "sh did not end within 50 ms");
  EXPECT_LT(base::now() - began, 10s);
  EXPECT_THAT(run_effect_command({.command = {"/no/such"}}, -1).error().message(), HasSubstr("/no/such"));
  EXPECT_EQ(*run_effect_command({.command = {"printf", "a\\nb\\n"}}, -1), "a\nb\n");
}

TEST(NoBroker, ALoadThatNeverBeganSaysWhy) {
  auto source = InputSource::make({.subjects = {"work"}, .key_prefix = "r1-"});
  Workload load({.nats = {.servers = {{.host = "127.0.0.1", .port = 1}}, .options = {}},
                 .load = {.make_input = [made = *source](ledger::OpId id,
                                                         Input& input) { made.make_input(id, input); }},
                 .effects = {{.stage = "done", .how = StoredEffects{.stream = "OUT"}}},
                 .key_prefix = "r1-"});
  load.start();
  std::this_thread::sleep_for(20ms);
  load.stop_load();
  EXPECT_FALSE(load.drain(base::now() + 20ms).caught_up);
  load.finish(base::now() + 20ms);
  const auto doubts = load.doubts();
  ASSERT_FALSE(doubts.empty());
  EXPECT_THAT(doubts.front().what,
              HasSubstr("nothing was sent: cannot connect to 127.0.0.1:1: Connection refused"));
}

}  // namespace
}  // namespace squall::workload
