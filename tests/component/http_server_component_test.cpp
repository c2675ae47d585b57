#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/asio_run.h"
#include "base/task_group.h"
#include "http/event_feed.h"
#include "http/http_client.h"
#include "http/http_server.h"

namespace squall::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;

base::Instant patience() { return base::now() + 20s; }

asio::awaitable<Reply> echo(Request request) {
  Reply reply;
  reply.response = text_response(200, fmt::format("{} {} {}", request.method, request.path, request.body));
  co_return reply;
}

asio::awaitable<Reply> throw_up(Request) {
  throw std::runtime_error("the disk is on fire");
  co_return Reply{};
}

// Connects, says `bytes`, and returns all that comes until the server closes.
asio::awaitable<std::string> whole_talk(tcp::endpoint server, std::string bytes) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  boost::system::error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  std::string heard;
  char chunk[4096];
  while (!error) {
    const std::size_t size = co_await socket.async_read_some(
        asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
    heard.append(chunk, size);
  }
  co_return heard;
}

class HttpServer : public ::testing::Test {
 protected:
  Server& start(Server::Handler handler, ServerLimits limits = {}) {
    auto listening = Server::listen(
        io_, {.limits = limits, .on_problem = [this](const std::string& text) { problems_.push_back(text); }},
        std::move(handler));
    EXPECT_TRUE(listening);
    server_.emplace(std::move(*listening));
    return *server_;
  }
  std::string talk(std::string bytes) {
    return base::run(io_, whole_talk(server_->endpoint(), std::move(bytes)));
  }

  asio::io_context io_;
  std::vector<std::string> problems_;
  std::optional<Server> server_;
};

TEST_F(HttpServer, AnswersAndKeepsTheConnectionForTheNextRequest) {
  start(echo);
  const std::string heard = talk(
      "POST /a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "GET /second?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(heard, HasSubstr("POST /a b hello"));
  EXPECT_THAT(heard, HasSubstr("Connection: close\r\n\r\nGET /second "));
}

TEST_F(HttpServer, ReadsChunkedBodiesAndAnswersExpectations) {
  start(echo);
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr("POST / abcde"));
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: "
                   "close\r\n\r\nx"),
              StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_F(HttpServer, AHeadHasNoBody) {
  start(echo);
  const std::string heard = talk("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(heard, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
}

TEST_F(HttpServer, WhatIsTooLargeIsRefusedWithItsReason) {
  start(echo, {.header_bytes = 1000, .body_bytes = 10});
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServer, WhatIsNoRequestIsRefused) {
  start(echo);
  for (const char* bytes :
       {"\x16\x03\x01\x02garbage\r\n\r\n", "GET\r\n\r\n", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT {\"verbose\":false}\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    EXPECT_THAT(talk(bytes), StartsWith("HTTP/1.1 400 ")) << bytes;
  }
}

TEST_F(HttpServer, AHandlerThatThrowsIsAnsweredWith500AndReported) {
  start(throw_up);
  EXPECT_THAT(talk("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(problems_, ::testing::ElementsAre("GET /x failed: the disk is on fire"));
}

TEST_F(HttpServer, APeerThatNeverFinishesItsRequestIsCutOff) {
  start(echo, {.idle = 50ms, .request = 50ms});
  for (const char* bytes : {"", "GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel"}) {
    const auto began = base::now();
    EXPECT_EQ(talk(bytes), "");
    EXPECT_GE(base::now() - began, 45ms);
  }
  EXPECT_TRUE(base::run(io_, server_->stop(patience())));
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(HttpServer, APortInUseIsAnErrorThatNamesIt) {
  const auto taken = start(echo).endpoint();
  const auto second = Server::listen(io_, {.listen = taken}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(),
            fmt::format("cannot listen on 127.0.0.1:{}: Address already in use", taken.port()));
}

TEST_F(HttpServer, TooManyConnectionsAreTurnedAway) {
  start(echo, {.connections = 1});
  tcp::socket first(io_);
  first.connect(server_->endpoint());
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
  first.close();
  while (server_->connections() > 0) io_.run_one_for(1s);
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, WithoutDescriptorsItSaysSoAndGoesOnLater) {
  start(echo);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  tcp::socket client(io_);
  client.open(tcp::v4());
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(client.native_handle()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  client.connect(server_->endpoint());
  const auto deadline = patience();
  while (problems_.empty() && base::now() < deadline) io_.run_one_for(100ms);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(problems_, ::testing::ElementsAre("cannot accept API connections: Too many open files"));
  while (server_->connections() == 0 && base::now() < deadline) io_.run_one_for(100ms);
  EXPECT_EQ(server_->connections(), 1U) << "it waited in the backlog";
}

// Answers after 50 ms.
asio::awaitable<Reply> slowly(Request request) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
  co_await timer.async_wait(asio::use_awaitable);
  co_return co_await echo(std::move(request));
}

TEST_F(HttpServer, StopLetsTheRunningRequestEndAndClosesWhatIsIdle) {
  start(slowly);
  base::TaskGroup tasks(io_.get_executor());
  std::string running;
  std::string idle = "?";
  const auto into = [](std::string* heard, tcp::endpoint server, std::string bytes) -> asio::awaitable<void> {
    *heard = co_await whole_talk(server, std::move(bytes));
  };
  tasks.spawn("running", into(&running, server_->endpoint(), "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"));
  tasks.spawn("idle", into(&idle, server_->endpoint(), ""));
  while (server_->connections() < 2) io_.run_one_for(1s);
  io_.poll();
  EXPECT_TRUE(base::run(io_, server_->stop(patience())));
  EXPECT_TRUE(base::run(io_, tasks.join(patience())));
  EXPECT_THAT(running, HasSubstr("Connection: close\r\n\r\nGET /x "));
  EXPECT_EQ(idle, "");
  tcp::socket late(io_);
  boost::system::error_code refused;
  late.connect(server_->endpoint(), refused);
  EXPECT_TRUE(refused);
}

TEST_F(HttpServer, StopCutsOffWhatDoesNotEnd) {
  start([](Request) -> asio::awaitable<Reply> {
    asio::steady_timer never(co_await asio::this_coro::executor, base::Instant::max());
    co_await never.async_wait(asio::use_awaitable);
    co_return Reply{};
  });
  base::TaskGroup tasks(io_.get_executor());
  std::string heard = "?";
  const auto into = [](std::string* text, tcp::endpoint server) -> asio::awaitable<void> {
    *text = co_await whole_talk(server, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  tasks.spawn("client", into(&heard, server_->endpoint()));
  while (server_->connections() < 1) io_.run_one_for(1s);
  const auto stopped = base::run(io_, server_->stop(base::now() + 20ms));
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message(), HasSubstr("did not end in time"));
  EXPECT_TRUE(base::run(io_, tasks.join(patience())));
  EXPECT_EQ(server_->connections(), 0U);
}

class HttpEvents : public HttpServer {
 protected:
  void start_feeding(ServerLimits limits = {}) {
    start([this](Request) { return listen_in(); }, limits);
  }
  asio::awaitable<Reply> listen_in() {
    Reply reply;
    reply.response = text_response(200, "", "text/event-stream");
    reply.events = source_.subscribe();
    co_return reply;
  }
  void await_listeners(std::size_t count) {
    const auto deadline = patience();
    while (source_.listeners() != count && base::now() < deadline) io_.run_one_for(100ms);
    ASSERT_EQ(source_.listeners(), count);
  }

  EventSource source_{io_.get_executor(), 100};
};

TEST_F(HttpEvents, ReachTheListenerUntilTheServerStops) {
  start_feeding({.keep_alive = 5ms});
  base::TaskGroup tasks(io_.get_executor());
  std::string heard;
  const auto into = [](std::string* text, tcp::endpoint server) -> asio::awaitable<void> {
    *text = co_await whole_talk(server, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  tasks.spawn("listener", into(&heard, server_->endpoint()));
  await_listeners(1);
  source_.publish("fault_added", "{\"a\":1}");
  io_.run_for(30ms);
  source_.publish("fault_removed", "{}");
  EXPECT_TRUE(base::run(io_, server_->stop(patience())));
  EXPECT_TRUE(base::run(io_, tasks.join(patience())));
  EXPECT_THAT(heard, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(heard, HasSubstr("id: 1\nevent: fault_added\ndata: {\"a\":1}\n\n: keep-alive\n\n"));
  EXPECT_TRUE(heard.ends_with("id: 2\nevent: fault_removed\ndata: {}\n\n")) << heard;
}

TEST_F(HttpEvents, AListenerThatLeavesIsForgotten) {
  start_feeding();
  tcp::socket listener(io_);
  listener.connect(server_->endpoint());
  asio::write(listener, asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  await_listeners(1);
  listener.close();
  await_listeners(0);
  EXPECT_TRUE(base::run(io_, server_->stop(patience())));
}

TEST_F(HttpEvents, AListenerThatNeverReadsIsCutOffAndHoldsNobodyUp) {
  start_feeding({.response = 100ms});
  tcp::socket listener(io_);
  listener.open(tcp::v4());
  listener.set_option(asio::socket_base::receive_buffer_size(1024));
  listener.connect(server_->endpoint());
  asio::write(listener, asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  await_listeners(1);
  const std::string large(64 * 1024, 'x');
  const auto deadline = patience();
  while (source_.listeners() > 0 && base::now() < deadline) {
    for (int i = 0; i < 100; ++i) source_.publish("large", large);
    io_.run_for(10ms);
  }
  EXPECT_EQ(source_.listeners(), 0U);
}

}  // namespace
}  // namespace squall::http
