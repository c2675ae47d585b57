#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/asio_run.h"
#include "client/stream_reader.h"
#include "support/nats_fixture.h"

namespace squall::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::NatsServer;

base::Instant patience() { return base::now() + 20s; }

class StreamReaderTest : public ::testing::Test {
 protected:
  void SetUp() override { reconnect(); }

  void reconnect() {
    auto connection = base::run(io_, Connection::connect(io_, {.port = server_.port()}, patience()));
    ASSERT_TRUE(connection.has_value()) << connection.error().message();
    connection_ = *connection;
  }
  void make_stream(json config) {
    const auto stream = base::run(io_, JetStream(connection_).create_stream(std::move(config), patience()));
    ASSERT_TRUE(stream.has_value()) << stream.error().message();
  }
  // Stores "<first>" to "<last>".
  void store(int first, int last) {
    for (int i = first; i <= last; ++i) {
      const auto outcome =
          base::run(io_, connection_->publish_js("s.a", std::to_string(i),
                                                 {{"Nats-Msg-Id", std::to_string(i)}}, patience()));
      ASSERT_TRUE(std::holds_alternative<Acknowledged>(outcome));
    }
  }
  std::unique_ptr<StreamReader> open(StreamReaderOptions options) {
    auto reader = base::run(io_, StreamReader::open(connection_, std::move(options), patience()));
    EXPECT_TRUE(reader.has_value()) << reader.error().message();
    return reader ? std::move(*reader) : nullptr;
  }
  // The payloads of what comes until there are `count`.
  std::vector<std::string> read(StreamReader& reader, std::size_t count, std::size_t max = 1000) {
    std::vector<std::string> payloads;
    while (payloads.size() < count) {
      const auto batch = base::run(io_, reader.next_batch(max, patience()));
      EXPECT_TRUE(batch.has_value()) << batch.error().message();
      if (!batch || batch->empty()) break;
      EXPECT_LE(batch->size(), max);
      for (const StoredMessage& message : *batch) payloads.push_back(message.payload);
    }
    return payloads;
  }
  static std::vector<std::string> numbers(int first, int last) {
    std::vector<std::string> expected;
    for (int i = first; i <= last; ++i) expected.push_back(std::to_string(i));
    return expected;
  }
  std::vector<std::string> scan(std::uint64_t first_seq) {
    const auto all = base::run(io_, scan_stream(connection_, "S", first_seq, patience()));
    EXPECT_TRUE(all.has_value()) << all.error().message();
    std::vector<std::string> payloads;
    for (const StoredMessage& message : *all) payloads.push_back(message.payload);
    return payloads;
  }

  asio::io_context io_;
  NatsServer server_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(StreamReaderTest, ReadsFromASequenceOnAndThenWaits) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  store(1, 20);
  const auto reader = open({.stream = "S", .first_seq = 5, .prefetch = 4});
  EXPECT_EQ(read(*reader, 16, 3), numbers(5, 20));
  EXPECT_EQ(reader->next_seq(), 21U);
  const auto nothing = base::run(io_, reader->next_batch(10, base::now() + 20ms));
  ASSERT_TRUE(nothing.has_value());
  EXPECT_TRUE(nothing->empty());
  store(21, 23);
  EXPECT_EQ(read(*reader, 3), numbers(21, 23));
}

TEST_F(StreamReaderTest, MessagesCarryWhatTheServerKnows) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  const auto before = base::wall_now();
  store(1, 2);
  const auto after = base::wall_now();
  const auto reader = open({.stream = "S"});
  std::vector<StoredMessage> got;
  while (got.size() < 2) {
    auto batch = base::run(io_, reader->next_batch(1, patience()));
    ASSERT_TRUE(batch.has_value() && !batch->empty());
    got.push_back(batch->front());
  }
  EXPECT_EQ(got[0].stream_seq, 1U);
  EXPECT_EQ(got[0].subject, "s.a");
  EXPECT_EQ(got[0].header("Nats-Msg-Id"), "1");
  EXPECT_EQ(got[0].payload, "1");
  EXPECT_EQ(got[0].num_pending, 1U);
  EXPECT_EQ(got[1].num_pending, 0U);
  EXPECT_GE(got[0].stored_at, before);
  EXPECT_LE(got[1].stored_at, after);
}

TEST_F(StreamReaderTest, AKilledBrokerEndsTheReaderAndANewOneGoesOn) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  store(1, 10);
  auto reader = open({.stream = "S"});
  EXPECT_EQ(read(*reader, 10), numbers(1, 10));
  server_.kill();
  const auto lost = base::run(io_, reader->next_batch(10, patience()));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, ErrorKind::kConnectionLost);
  EXPECT_FALSE(base::run(io_, reader->next_batch(10, patience())).has_value()) << "it stays so";
  server_.restart();
  reconnect();
  store(11, 15);
  reader = open({.stream = "S", .first_seq = reader->next_seq()});
  EXPECT_EQ(read(*reader, 5), numbers(11, 15));
}

// A server gives up a client for which it holds more than 64 MiB: once a reader that paused was cut off
// there.
TEST_F(StreamReaderTest, LargeMessagesAreAskedForNoFasterThanTheServerWouldHoldThem) {
  constexpr std::size_t kMessages = 120;
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}, {"storage", "memory"}});
  const std::string megabyte(1'000'000, 'x');
  for (std::size_t i = 0; i < kMessages; ++i) {
    const auto outcome = base::run(io_, connection_->publish_js("s.a", megabyte, {}, patience()));
    ASSERT_TRUE(std::holds_alternative<Acknowledged>(outcome));
  }
  const auto reader = open({.stream = "S"});
  std::size_t come = read(*reader, 1, 1).size();
  // Whatever the reader has asked for waits on the server's side meanwhile.
  std::this_thread::sleep_for(500ms);
  come += read(*reader, kMessages - 1).size();
  EXPECT_EQ(come, kMessages);
}

TEST_F(StreamReaderTest, AVanishedConsumerIsAnError) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  const auto reader = open({.stream = "S"});
  JetStream jetstream(connection_);
  const auto names = base::run(io_, jetstream.consumer_names("S", patience()));
  ASSERT_TRUE(names.has_value());
  ASSERT_EQ(names->size(), 1U);
  ASSERT_TRUE(base::run(io_, jetstream.delete_consumer("S", names->front(), patience())).has_value());
  const auto lost = base::run(io_, reader->next_batch(10, patience()));
  ASSERT_FALSE(lost.has_value());
  EXPECT_TRUE(lost.error().kind == ErrorKind::kNoResponders || lost.error().kind == ErrorKind::kRefused)
      << lost.error().message();
}

TEST_F(StreamReaderTest, AMissingStreamIsNamed) {
  const auto reader = base::run(io_, StreamReader::open(connection_, {.stream = "NOPE"}, patience()));
  ASSERT_FALSE(reader.has_value());
  EXPECT_EQ(reader.error().message(), "stream not found (404, err_code 10059)");
}

TEST_F(StreamReaderTest, ClosingLeavesNoConsumer) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  const auto reader = open({.stream = "S"});
  EXPECT_EQ(base::run(io_, JetStream(connection_).stream("S", patience()))->consumers, 1U);
  base::run(io_, reader->close(patience()));
  EXPECT_EQ(base::run(io_, JetStream(connection_).stream("S", patience()))->consumers, 0U);
}

TEST_F(StreamReaderTest, AScanReadsUpToTheLastSequence) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  EXPECT_EQ(scan(1), numbers(1, 0));
  store(1, 3000);
  EXPECT_EQ(scan(1), numbers(1, 3000));
  EXPECT_EQ(scan(2999), numbers(2999, 3000));
  EXPECT_EQ(scan(3001), numbers(1, 0));
  EXPECT_EQ(base::run(io_, JetStream(connection_).stream("S", patience()))->consumers, 0U);
}

TEST_F(StreamReaderTest, AScanEndsThoughTheLastMessagesAreDeleted) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  store(1, 5);
  JetStream jetstream(connection_);
  for (const int seq : {3, 5}) {
    const auto deleted =
        base::run(io_, jetstream.call("$JS.API.STREAM.MSG.DELETE.S", json{{"seq", seq}}.dump(), patience()));
    ASSERT_TRUE(deleted.has_value()) << deleted.error().message();
  }
  EXPECT_EQ(scan(1), (std::vector<std::string>{"1", "2", "4"}));
  EXPECT_EQ(scan(5), numbers(1, 0));
}

// An ephemeral consumer without acks on a work queue would delete what it reads.
TEST_F(StreamReaderTest, AWorkQueueIsReadWithoutTakingFromIt) {
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}, {"retention", "workqueue"}});
  store(1, 10);
  EXPECT_EQ(scan(1), numbers(1, 10));
  const auto reader = open({.stream = "S", .first_seq = 3});
  EXPECT_EQ(read(*reader, 8), numbers(3, 10));
  const auto nothing = base::run(io_, reader->next_batch(10, base::now() + 20ms));
  ASSERT_TRUE(nothing.has_value());
  EXPECT_TRUE(nothing->empty());
  store(11, 12);
  EXPECT_EQ(read(*reader, 2), numbers(11, 12));
  const auto stream = base::run(io_, JetStream(connection_).stream("S", patience()));
  EXPECT_EQ(stream->messages, 12U);
  EXPECT_EQ(stream->consumers, 0U);
}

TEST_F(StreamReaderTest, JetStreamsRequestsReadTheirAnswers) {
  JetStream jetstream(connection_);
  make_stream({{"name", "S"}, {"subjects", {"s.>"}}});
  make_stream({{"name", "T"}, {"subjects", {"t.>"}}});
  store(1, 3);
  const auto account = base::run(io_, jetstream.account(patience()));
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->streams, 2U);
  EXPECT_EQ(*base::run(io_, jetstream.stream_names(patience())), (std::vector<std::string>{"S", "T"}));
  const auto stream = base::run(io_, jetstream.stream("S", patience()));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->messages, 3U);
  EXPECT_EQ(stream->last_seq, 3U);
  EXPECT_EQ(stream->config["subjects"][0], "s.>");

  const json config{{"durable_name", "worker"}, {"ack_policy", "explicit"}, {"ack_wait", 2'000'000'000}};
  ASSERT_TRUE(base::run(io_, jetstream.create_consumer("S", config, patience())).has_value());
  const auto consumer = base::run(io_, jetstream.consumer("S", "worker", patience()));
  ASSERT_TRUE(consumer.has_value());
  EXPECT_EQ(consumer->num_pending, 3U);
  EXPECT_EQ(consumer->num_ack_pending, 0U);
  EXPECT_EQ(consumer->config["ack_wait"], 2'000'000'000);

  const auto second = base::run(io_, jetstream.message("S", 2, patience()));
  ASSERT_TRUE(second.has_value()) << second.error().message();
  EXPECT_EQ(second->payload, "2");
  EXPECT_EQ(second->header("Nats-Msg-Id"), "2");
  const auto none = base::run(io_, jetstream.message("S", 9, patience()));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().number, kMessageNotFound);

  EXPECT_TRUE(base::run(io_, jetstream.delete_consumer("S", "worker", patience())).has_value());
  EXPECT_TRUE(base::run(io_, jetstream.delete_stream("T", patience())).has_value());
  EXPECT_EQ(base::run(io_, jetstream.stream("T", patience())).error().number, 10059);
}

}  // namespace
}  // namespace squall::client
