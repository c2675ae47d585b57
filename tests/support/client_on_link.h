// A real server, a real client, and a link of the proxy between them: what the tests of its faults need.
#pragma once

#include <gtest/gtest.h>

#include "http/http_client.h"
#include "support/broker_state.h"
#include "support/client_program.h"
#include "support/faulty_link.h"
#include "support/nats_fixture.h"

namespace squall::testing {

class ClientOnLink : public ::testing::Test {
 protected:
  void connect(const std::string& name, nlohmann::json options = nlohmann::json::object()) {
    std::string why_not;
    const auto command = ClientProgram::command(name, why_not);
    if (!command) GTEST_SKIP() << why_not;
    client_ = std::make_unique<ClientProgram>(*command);
    options["url"] = link_.url();
    const nlohmann::json connected = client_->run("connect", std::move(options));
    ASSERT_EQ(connected, nlohmann::json::object()) << connected.dump();
  }
  void make_work(base::Nanos ack_wait = std::chrono::seconds{30}) {
    broker_.make_stream("IN", "in.>");
    broker_.make_consumer("IN", "worker", ack_wait);
  }
  nlohmann::json publish(const std::string& payload, int timeout_ms = 5000) {
    return client_->run(
        "publish", {{"subject", "in.a"}, {"payload", payload}, {"id", payload}, {"timeout_ms", timeout_ms}});
  }
  // The messages that a pull brings.
  nlohmann::json fetch(int timeout_ms = 5000, int count = 1) {
    const nlohmann::json answer = client_->run(
        "fetch", {{"stream", "IN"}, {"consumer", "worker"}, {"count", count}, {"timeout_ms", timeout_ms}});
    EXPECT_TRUE(answer.contains("messages")) << answer.dump();
    return answer.value("messages", nlohmann::json::array());
  }
  int slow_consumers() {
    boost::asio::io_context io;
    const http::GetRequest request{.port = server_.monitor_port(), .target = "/varz"};
    const auto varz = base::run(io, http::get(io, request, base::now() + std::chrono::seconds{20}));
    return nlohmann::json::parse(varz.value().body).at("slow_consumers");
  }
  nlohmann::json state() { return client_->run("state"); }
  bool reconnected() {
    return client_->until(
        [](const nlohmann::json& now) { return now.at("reconnects") >= 1 && now.at("connected"); });
  }
  bool nothing_pending() {
    return broker_.until("IN", "worker", [](const auto& status) { return status.num_ack_pending == 0; });
  }
  void expect_as_new() {
    EXPECT_EQ(link_.held_bytes(), 0U);
    const nlohmann::json stored = publish("as new");
    ASSERT_TRUE(stored.contains("seq")) << stored.dump();
    const nlohmann::json messages = fetch();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].at("payload"), "as new");
    EXPECT_TRUE(nothing_pending());
  }

  NatsServer server_{{.configuration = "max_pending: 1MB\nwrite_deadline: \"300ms\"\n"}};
  BrokerState broker_{server_.port()};
  FaultyLink link_{server_.port()};
  std::unique_ptr<ClientProgram> client_;
};

// "nats.js" as a test's name may have it.
inline std::string name_of_client(const ::testing::TestParamInfo<const char*>& client) {
  std::string text = client.param;
  std::ranges::replace_if(text, [](char c) { return c == '.' || c == '-'; }, '_');
  return text;
}

}  // namespace squall::testing
