// Asynchronous JetStream publishing at speed, and the death of the server in the middle of it.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/asio_run.h"
#include "client/connection.h"
#include "client/stream_reader.h"
#include "support/nats_fixture.h"

namespace squall::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::NatsServer;

base::Instant patience() { return base::now() + 30s; }

// Publishes `total` messages "0", "1", … with at most `window` without an outcome.
class Flood {
 public:
  Flood(asio::io_context& io, std::shared_ptr<Connection> connection, std::size_t total, std::size_t window,
        std::size_t size)
      : connection_(std::move(connection)),
        payload_(size, 'x'),
        window_(window),
        outcomes_(total),
        done_(io) {
    done_.expires_at(base::Instant::max());
  }

  asio::awaitable<void> run() {
    fill();
    boost::system::error_code ignored;
    while (ended_ < outcomes_.size()) {
      co_await done_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  std::function<void(std::size_t)> on_ended = [](std::size_t) {};
  std::size_t ended() const { return ended_; }
  const std::vector<std::optional<PublishOutcome>>& outcomes() const { return outcomes_; }

 private:
  void fill() {
    while (next_ < outcomes_.size() && next_ - ended_ < window_) {
      const std::size_t number = next_++;
      const std::string id = std::to_string(number);
      payload_.replace(0, id.size(), id);
      const std::array headers{wire::Header{"Nats-Msg-Id", id}};
      connection_->publish_js("flood", payload_, headers, patience(),
                              [this, number](PublishOutcome outcome) { end(number, std::move(outcome)); });
    }
  }

  void end(std::size_t number, PublishOutcome outcome) {
    EXPECT_FALSE(outcomes_[number].has_value()) << "message " << number << " ended twice";
    outcomes_[number] = std::move(outcome);
    ++ended_;
    on_ended(ended_);
    fill();
    if (ended_ == outcomes_.size()) done_.cancel();
  }

  std::shared_ptr<Connection> connection_;
  std::string payload_;
  std::size_t window_;
  std::vector<std::optional<PublishOutcome>> outcomes_;
  asio::steady_timer done_;
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
};

std::shared_ptr<Connection> connect(asio::io_context& io, std::uint16_t port) {
  auto connection = base::run(io, Connection::connect(io, {.port = port}, patience()));
  EXPECT_TRUE(connection.has_value()) << connection.error().message();
  return *connection;
}

void make_stream(asio::io_context& io, const std::shared_ptr<Connection>& connection) {
  const nlohmann::json config{{"name", "FLOOD"}, {"subjects", {"flood"}}};
  const auto stream = base::run(io, JetStream(connection).create_stream(config, patience()));
  ASSERT_TRUE(stream.has_value()) << stream.error().message();
}

TEST(PublishFlood, EveryPublishIsAcknowledgedWithASequenceOfItsOwn) {
  asio::io_context io;
  NatsServer server;
  const auto connection = connect(io, server.port());
  make_stream(io, connection);
  Flood flood(io, connection, 20'000, 4096, 256);
  const auto began = base::now();
  base::run(io, flood.run());
  const double seconds = std::chrono::duration<double>(base::now() - began).count();
  RecordProperty("publishes_per_second", static_cast<int>(20'000 / seconds));
  std::vector<bool> seen(20'001);
  for (const auto& outcome : flood.outcomes()) {
    ASSERT_TRUE(outcome.has_value());
    const auto* acked = std::get_if<Acknowledged>(&*outcome);
    ASSERT_NE(acked, nullptr);
    ASSERT_LE(acked->seq, 20'000U);
    EXPECT_FALSE(seen[acked->seq]) << "sequence " << acked->seq << " twice";
    seen[acked->seq] = true;
  }
  EXPECT_EQ(connection->operations_in_flight(), 0U);
}

TEST(PublishFlood, AServerKilledInTheMiddleLeavesEachPublishWithOneOutcomeAndNoAckIsLost) {
  asio::io_context io;
  NatsServer server;
  auto connection = connect(io, server.port());
  make_stream(io, connection);
  Flood flood(io, connection, 10'000, 512, 64);
  flood.on_ended = [&](std::size_t ended) {
    if (ended == 4'000) server.kill();
  };
  base::run(io, flood.run());

  std::size_t acked = 0;
  std::size_t unknown = 0;
  std::size_t failed = 0;
  for (const auto& outcome : flood.outcomes()) {
    ASSERT_TRUE(outcome.has_value());
    if (std::holds_alternative<Acknowledged>(*outcome)) ++acked;
    if (std::holds_alternative<Unknown>(*outcome)) ++unknown;
    if (std::holds_alternative<Failed>(*outcome)) ++failed;
  }
  EXPECT_GE(acked, 4'000U);
  EXPECT_GT(failed, 0U) << "what came after the death was never sent";
  EXPECT_LE(unknown, 512U) << "no more than the window was under way";
  EXPECT_EQ(acked + unknown + failed, 10'000U);

  // What was acknowledged is stored where the acknowledgement says; what failed is nowhere.
  server.restart();
  connection = connect(io, server.port());
  const auto stored = base::run(io, scan_stream(connection, "FLOOD", 1, patience()));
  ASSERT_TRUE(stored.has_value()) << stored.error().message();
  std::map<std::size_t, std::uint64_t> seq_of;
  for (const StoredMessage& message : *stored) {
    const std::size_t number = std::stoul(std::string(message.header("Nats-Msg-Id")));
    EXPECT_TRUE(seq_of.emplace(number, message.stream_seq).second) << "stored twice: " << number;
  }
  for (std::size_t number = 0; number < flood.outcomes().size(); ++number) {
    const PublishOutcome& outcome = *flood.outcomes()[number];
    if (const auto* ack = std::get_if<Acknowledged>(&outcome)) {
      EXPECT_TRUE(seq_of.contains(number) && seq_of[number] == ack->seq)
          << "acknowledged and lost: " << number;
    } else if (std::holds_alternative<Failed>(outcome)) {
      EXPECT_FALSE(seq_of.contains(number)) << "failed, yet stored: " << number;
    }
  }
}

}  // namespace
}  // namespace squall::client
