#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/asio_run.h"
#include "http/http_client.h"
#include "support/nats_fixture.h"
#include "support/scripted_server.h"

namespace squall::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ScriptedServer;

base::Instant patience() { return base::now() + 20s; }

std::string error_of(const base::Result<Response>& response) {
  return response ? fmt::format("status {}", response->status) : response.error().message();
}

asio::awaitable<void> answer(ScriptedServer::Socket socket, std::string bytes) {
  char request[4096];
  boost::system::error_code ignored;
  co_await socket.async_read_some(asio::buffer(request), asio::redirect_error(asio::use_awaitable, ignored));
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ignored));
}

TEST(HttpGet, ReadsStatusHeadersAndBody) {
  asio::io_context io;
  testing::NatsServer server;
  const auto response =
      base::run(io, get(io, {.port = server.monitor_port(), .target = "/healthz"}, patience()));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("content-type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(response->body)["status"], "ok");
  EXPECT_EQ(response->header("X-Absent"), "");
}

TEST(HttpGet, AnErrorStatusIsAnAnswer) {
  asio::io_context io;
  ScriptedServer server(io, [](ScriptedServer::Socket socket) {
    return answer(std::move(socket), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\nnot yet");
  });
  const auto response = base::run(io, get(io, {.port = server.port()}, patience()));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "not yet");
}

TEST(HttpGet, ARefusedConnectionNamesTheUrl) {
  asio::io_context io;
  std::uint16_t port = 0;
  {
    asio::ip::tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
    port = taken.local_endpoint().port();
  }
  EXPECT_EQ(error_of(base::run(io, get(io, {.port = port, .target = "/varz"}, patience()))),
            fmt::format("GET http://127.0.0.1:{}/varz: Connection refused", port));
}

TEST(HttpGet, TheDeadlineHoldsForASilentServer) {
  asio::io_context io;
  ScriptedServer server(
      io, [](ScriptedServer::Socket socket) { return testing::say_and_listen(std::move(socket), ""); });
  const auto began = base::now();
  const auto response = base::run(io, get(io, {.port = server.port()}, began + 50ms));
  EXPECT_THAT(error_of(response), ::testing::HasSubstr("no answer before the deadline"));
  EXPECT_GE(base::now() - began, 50ms);
}

TEST(HttpGet, WhatIsNoHttpIsAnError) {
  asio::io_context io;
  for (const std::string bytes : {"", "INFO {}\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}) {
    ScriptedServer server(
        io, [bytes](ScriptedServer::Socket socket) { return answer(std::move(socket), bytes); });
    EXPECT_FALSE(base::run(io, get(io, {.port = server.port()}, patience()))) << bytes;
  }
}

TEST(HttpGet, ABodyOverTheLimitIsAnError) {
  asio::io_context io;
  const std::vector<std::string> answers{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
                                         "HTTP/1.1 200 OK\r\n\r\nhello world"};
  for (const std::string& bytes : answers) {
    ScriptedServer server(
        io, [bytes](ScriptedServer::Socket socket) { return answer(std::move(socket), bytes); });
    EXPECT_THAT(error_of(base::run(io, get(io, {.port = server.port(), .max_body = 10}, patience()))),
                ::testing::HasSubstr("the body is larger than 10 bytes"));
  }
}

}  // namespace
}  // namespace squall::http
