#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/asio_run.h"
#include "base/task_group.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "support/nats_fixture.h"
#include "support/scripted_server.h"
#include "wire/server_info.h"

namespace squall::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::NatsServer;
using testing::ScriptedServer;

// For what must not fail: far longer than it takes.
base::Instant patience() { return base::now() + 20s; }

asio::awaitable<void> sleep_for(base::Nanos duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

class ClientTest : public ::testing::Test {
 protected:
  std::shared_ptr<Connection> connect(ConnectOptions options) {
    auto connection = base::run(io_, Connection::connect(io_, std::move(options), patience()));
    EXPECT_TRUE(connection.has_value()) << connection.error().message();
    return connection ? *connection : nullptr;
  }
  std::string connect_error(ConnectOptions options, base::Nanos within) {
    const auto began = base::now();
    auto connection = base::run(io_, Connection::connect(io_, std::move(options), began + within));
    took_ = base::now() - began;
    return connection ? "connected" : connection.error().message();
  }
  // Runs the io_context until the condition holds.
  template <typename Condition>
  bool until(Condition condition) {
    for (const auto deadline = patience(); base::now() < deadline;) {
      if (condition()) return true;
      base::run(io_, sleep_for(1ms));
    }
    return false;
  }
  void make_stream(const std::shared_ptr<Connection>& connection, nlohmann::json config) {
    const auto stream = base::run(io_, JetStream(connection).create_stream(std::move(config), patience()));
    ASSERT_TRUE(stream.has_value()) << stream.error().message();
  }
  PublishOutcome publish(const std::shared_ptr<Connection>& connection, std::string subject,
                         std::string payload, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return base::run(
        io_, connection->publish_js(std::move(subject), std::move(payload), std::move(headers), patience()));
  }

  asio::io_context io_;
  base::Nanos took_{};
};

std::string describe(const PublishOutcome& outcome) {
  if (const auto* acked = std::get_if<Acknowledged>(&outcome)) {
    return fmt::format("{}#{}{}", acked->stream, acked->seq, acked->duplicate ? " duplicate" : "");
  }
  if (const auto* failed = std::get_if<Failed>(&outcome)) return "failed: " + failed->error.message();
  return "unknown: " + std::get<Unknown>(outcome).error.message();
}

std::string hello() {
  return R"(INFO {"server_id":"X","version":"9.9.9","headers":true,"max_payload":1048576})";
}

TEST_F(ClientTest, ConnectsAndPings) {
  NatsServer server;
  const auto connection = connect({.port = server.port(), .name = "tester"});
  EXPECT_TRUE(connection->is_open());
  EXPECT_TRUE(connection->server().jetstream);
  EXPECT_EQ(connection->server().port, server.port());
  const auto round_trip = base::run(io_, connection->ping(patience()));
  ASSERT_TRUE(round_trip.has_value());
  EXPECT_GT(*round_trip, 0ns);
}

TEST_F(ClientTest, ARefusedConnectionNamesHostAndPort) {
  std::uint16_t port = 0;
  {
    asio::ip::tcp::acceptor taken(io_, {asio::ip::address_v4::loopback(), 0});
    port = taken.local_endpoint().port();
  }
  EXPECT_EQ(connect_error({.port = port}, 20s),
            fmt::format("cannot connect to 127.0.0.1:{}: Connection refused", port));
}

TEST_F(ClientTest, AServerThatAcceptsAndClosesIsAnErrorAtOnce) {
  ScriptedServer server(io_, [](ScriptedServer::Socket) -> asio::awaitable<void> { co_return; });
  EXPECT_THAT(connect_error({.port = server.port()}, 20s), ::testing::HasSubstr("no INFO from the server"));
  EXPECT_LT(took_, 10s);
}

TEST_F(ClientTest, AServerThatNeverSaysInfoIsAnErrorAtTheDeadline) {
  ScriptedServer server(
      io_, [](ScriptedServer::Socket socket) { return testing::say_and_listen(std::move(socket), ""); });
  EXPECT_EQ(connect_error({.port = server.port()}, 50ms),
            fmt::format("cannot connect to 127.0.0.1:{}: no INFO from the server before the deadline",
                        server.port()));
  EXPECT_GE(took_, 50ms);
}

// libnats 3.4.1 spins for ever when INFO comes and PONG does not.
TEST_F(ClientTest, AServerThatNeverSaysPongIsAnErrorAtTheDeadline) {
  ScriptedServer server(io_, [](ScriptedServer::Socket socket) {
    return testing::say_and_listen(std::move(socket), hello() + "\r\n");
  });
  EXPECT_THAT(connect_error({.port = server.port()}, 50ms),
              ::testing::HasSubstr("no PONG from the server before the deadline"));
}

asio::awaitable<void> say_in_pieces(ScriptedServer::Socket socket) {
  const std::vector<std::string> pieces{hello() + "\r", "\nPO", "NG\r\n"};
  for (const std::string& piece : pieces) {
    co_await asio::async_write(socket, asio::buffer(piece), asio::use_awaitable);
    co_await sleep_for(5ms);
  }
  co_await testing::say_and_listen(std::move(socket), "");
}

// libnats 3.4.1 times out when INFO is cut between CR and LF.
TEST_F(ClientTest, InfoMayComeInPieces) {
  ScriptedServer server(io_, say_in_pieces);
  const auto connection = connect({.port = server.port()});
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->server().version, "9.9.9");
}

TEST_F(ClientTest, AServerThatSpeaksSomethingElseIsNamed) {
  ScriptedServer server(io_, [](ScriptedServer::Socket socket) {
    return testing::say_and_listen(std::move(socket), "SSH-2.0-OpenSSH_9.2\r\n");
  });
  EXPECT_THAT(connect_error({.port = server.port()}, 20s), ::testing::HasSubstr("does not speak NATS"));
}

TEST_F(ClientTest, UserPasswordAndTokenAreChecked) {
  NatsServer users({.configuration = R"(authorization { user: "squall", password: "s3cret" })"});
  EXPECT_TRUE(
      connect({.port = users.port(), .credentials = {.user = "squall", .password = "s3cret"}})->is_open());
  EXPECT_THAT(
      connect_error({.port = users.port(), .credentials = {.user = "squall", .password = "wrong"}}, 20s),
      ::testing::EndsWith("the server said: Authorization Violation (we came with user squall)"));
  NatsServer tokens({.configuration = R"(authorization { token: "t0ken" })"});
  EXPECT_TRUE(connect({.port = tokens.port(), .credentials = {.token = "t0ken"}})->is_open());
}

TEST_F(ClientTest, MessagesReachTheirSubscriptionsWithHeadersAndReply) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  std::vector<std::string> got;
  auto subscription = connection->subscribe("orders.*", [&](const MessageView& message) {
    got.push_back(fmt::format("{} {} {} {}", message.subject, message.reply,
                              wire::find_header(message.headers, "Id").value_or("-"), message.payload));
  });
  ASSERT_TRUE(subscription.has_value());
  const std::array headers{wire::Header{"Id", "7"}};
  EXPECT_TRUE(connection->publish("orders.created", "a", headers, "answers").has_value());
  EXPECT_TRUE(connection->publish("orders.paid", "b").has_value());
  EXPECT_TRUE(connection->publish("other.paid", "c").has_value());
  EXPECT_TRUE(base::run(io_, connection->ping(patience())).has_value());
  EXPECT_EQ(got, (std::vector<std::string>{"orders.created answers 7 a", "orders.paid  - b"}));
  subscription->reset();
  EXPECT_TRUE(connection->publish("orders.paid", "d").has_value());
  EXPECT_TRUE(base::run(io_, connection->ping(patience())).has_value());
  EXPECT_EQ(got.size(), 2U);
}

TEST_F(ClientTest, AQueueGetsEachMessageOnce) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  int got = 0;
  const auto count = [&](const MessageView&) { ++got; };
  const auto one = connection->subscribe("work", count, "workers");
  const auto two = connection->subscribe("work", count, "workers");
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(connection->publish("work", "x").has_value());
  EXPECT_TRUE(base::run(io_, connection->ping(patience())).has_value());
  EXPECT_EQ(got, 100);
}

TEST_F(ClientTest, RequestsAreAnsweredRefusedOrTimedOut) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  const auto echo = connection->subscribe("echo", [&](const MessageView& message) {
    EXPECT_TRUE(connection->publish(message.reply, fmt::format("<{}>", message.payload)).has_value());
  });
  const auto deaf = connection->subscribe("deaf", [](const MessageView&) {});
  const auto answered = base::run(io_, connection->request("echo", "hi", patience()));
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->payload, "<hi>");

  const auto nobody = base::run(io_, connection->request("nobody", "hi", patience()));
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, ErrorKind::kNoResponders);

  const auto late = base::run(io_, connection->request("deaf", "hi", base::now() + 20ms));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind, ErrorKind::kTimedOut);
  EXPECT_EQ(connection->operations_in_flight(), 0U);
}

TEST_F(ClientTest, PublishesAreAcknowledgedDuplicatesNamedAndRefusalsFailed) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  make_stream(connection, {{"name", "S"}, {"subjects", {"s.>"}}, {"max_msg_size", 100}});
  EXPECT_EQ(describe(publish(connection, "s.a", "1", {{"Nats-Msg-Id", "one"}})), "S#1");
  EXPECT_EQ(describe(publish(connection, "s.a", "1", {{"Nats-Msg-Id", "one"}})), "S#1 duplicate");
  EXPECT_EQ(describe(publish(connection, "s.a", "2", {{"Nats-Expected-Last-Sequence", "7"}})),
            "failed: wrong last sequence: 1 (400, err_code 10071)");
  EXPECT_EQ(describe(publish(connection, "s.a", std::string(101, 'x'))),
            "failed: message size exceeds maximum allowed (400, err_code 10054)");
  EXPECT_EQ(describe(publish(connection, "nobody.stores.this", "x")), "failed: no responders (503)");
  EXPECT_EQ(describe(publish(connection, "two words", "x")),
            "failed: not sent: invalid subject \"two words\"");
  EXPECT_EQ(describe(publish(connection, "s.a", "3")), "S#2");
}

TEST_F(ClientTest, ATooLargePayloadFailsHereOrClosesTheConnection) {
  NatsServer server({.configuration = "max_payload: 1024"});
  const auto careful = connect({.port = server.port()});
  EXPECT_EQ(describe(publish(careful, "s.a", std::string(1025, 'x'))),
            "failed: not sent: 1025 bytes are more than the server's max_payload of 1024");
  EXPECT_TRUE(careful->is_open());

  const auto careless = connect({.port = server.port(), .check_max_payload = false});
  const std::string outcome = describe(publish(careless, "s.a", std::string(1025, 'x')));
  EXPECT_THAT(outcome, ::testing::StartsWith("unknown: connection lost: "));
  EXPECT_FALSE(careless->is_open());
  EXPECT_EQ(careless->closed_reason().kind, CloseReason::Kind::kServerError);
  EXPECT_EQ(careless->closed_reason().text, "the server said: Maximum Payload Violation");
}

TEST_F(ClientTest, AFullBufferFailsInsteadOfGrowing) {
  NatsServer server;
  const auto connection = connect({.port = server.port(), .max_pending_bytes = 1000});
  EXPECT_TRUE(connection->publish("a", std::string(2000, 'x')).has_value());
  const auto refused = connection->publish("a", "x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kBufferFull);
  EXPECT_TRUE(base::run(io_, connection->ping(patience())).has_value());
  EXPECT_TRUE(connection->publish("a", "x").has_value());
}

TEST_F(ClientTest, ATimedOutPublishIsUnknownAndMayBeStoredLater) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  make_stream(connection, {{"name", "S"}, {"subjects", {"s.>"}}});
  server.freeze();
  const auto began = base::now();
  const auto outcome = base::run(io_, connection->publish_js("s.a", "x", {}, began + 50ms));
  EXPECT_EQ(describe(outcome), "unknown: no answer before the deadline");
  EXPECT_GE(base::now() - began, 50ms);
  server.thaw();
  EXPECT_TRUE(until([&] { return connection->counters().late_replies == 1; }));
  EXPECT_EQ(base::run(io_, JetStream(connection).stream("S", patience()))->messages, 1U);
}

TEST_F(ClientTest, ADeadServerEndsTheWaitsAndSaysSo) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  const auto deaf = connection->subscribe("deaf", [](const MessageView&) {});
  EXPECT_TRUE(base::run(io_, connection->ping(patience())).has_value());
  std::string told;
  connection->on_closed([&](const CloseReason& reason) { told = reason.text; });
  server.freeze();  // the request is on its way when it dies
  base::TaskGroup tasks(io_.get_executor());
  std::vector<std::string> ends;
  struct Ask {
    static asio::awaitable<void> run(std::shared_ptr<Connection> connection, std::vector<std::string>* ends) {
      const auto reply = co_await connection->request("deaf", "x", patience());
      ends->push_back(reply ? "answered" : std::string(name_of(reply.error().kind)));
    }
    static asio::awaitable<void> ping(std::shared_ptr<Connection> connection,
                                      std::vector<std::string>* ends) {
      const auto pong = co_await connection->ping(patience());
      ends->push_back(pong ? "pong" : std::string(name_of(pong.error().kind)));
    }
  };
  tasks.spawn("request", Ask::run(connection, &ends));
  tasks.spawn("ping", Ask::ping(connection, &ends));
  EXPECT_TRUE(
      until([&] { return connection->operations_in_flight() == 1 && connection->pending_bytes() == 0; }));
  server.kill();
  EXPECT_TRUE(base::run(io_, connection->wait_closed(patience())));
  EXPECT_TRUE(base::run(io_, tasks.join(patience())).has_value());
  EXPECT_EQ(ends, (std::vector<std::string>{"connection_lost", "connection_lost"}));
  EXPECT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_EQ(told, connection->closed_reason().text);
  EXPECT_EQ(describe(publish(connection, "s.a", "x")), "failed: not sent: " + told);
}

TEST_F(ClientTest, ClosingEndsOpenPublishesOnceAndNotInsideTheCall) {
  NatsServer server;
  auto connection = connect({.port = server.port()});
  std::vector<std::string> ends;
  connection->publish_js("s.a", "x", {}, patience(),
                         [&](const PublishOutcome& outcome) { ends.push_back(describe(outcome)); });
  connection->close();
  EXPECT_TRUE(ends.empty());
  EXPECT_FALSE(connection->is_open());
  connection.reset();
  EXPECT_TRUE(until([&] { return !ends.empty(); }));
  EXPECT_EQ(ends, (std::vector<std::string>{"failed: not sent: closed by its owner"}));
}

TEST_F(ClientTest, AConnectionMayBeDroppedInsideItsOwnCallback) {
  NatsServer server;
  auto connection = connect({.port = server.port()});
  int got = 0;
  auto subscription = connection->subscribe("s", [&](const MessageView& message) {
    ++got;
    connection.reset();
    EXPECT_EQ(message.payload, "first") << "the view lives until the callback returns";
  });
  EXPECT_TRUE(connection->publish("s", "first").has_value());
  EXPECT_TRUE(connection->publish("s", "second").has_value());
  EXPECT_TRUE(until([&] { return got > 0; }));
  base::run(io_, sleep_for(5ms));
  EXPECT_EQ(got, 1);
}

TEST_F(ClientTest, ACancelledTaskStopsWaitingForItsAnswer) {
  NatsServer server;
  const auto connection = connect({.port = server.port()});
  const auto deaf = connection->subscribe("deaf", [](const MessageView&) {});
  struct Ask {
    static asio::awaitable<void> run(std::shared_ptr<Connection> connection, bool* answered) {
      (void)co_await connection->request("deaf", "x", patience());
      *answered = true;
    }
  };
  bool answered = false;
  base::TaskGroup tasks(io_.get_executor());
  tasks.spawn("request", Ask::run(connection, &answered));
  EXPECT_TRUE(until([&] { return connection->operations_in_flight() == 1; }));
  tasks.cancel();
  EXPECT_TRUE(base::run(io_, tasks.join(base::now() + 10s)).has_value());
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace squall::client
