// What a test asks the server itself, past the link: streams, consumers, what is stored.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "base/asio_run.h"
#include "client/connection.h"
#include "client/jetstream.h"

namespace squall::testing {

// Thread: one. Everything here must not fail; a failure throws and so ends the test.
class BrokerState {
 public:
  explicit BrokerState(std::uint16_t port)
      : connection_(base::run(io_, client::Connection::connect(io_, {.port = port}, patience())).value()),
        jetstream_(connection_) {}

  void make_stream(const std::string& name, const std::string& subjects) {
    nlohmann::json config{{"name", name}, {"subjects", {subjects}}, {"storage", "memory"}};
    base::run(io_, jetstream_.create_stream(std::move(config), patience())).value();
  }
  void make_consumer(const std::string& stream, const std::string& name, base::Nanos ack_wait) {
    nlohmann::json config{{"durable_name", name}, {"ack_policy", "explicit"}, {"ack_wait", ack_wait.count()}};
    base::run(io_, jetstream_.create_consumer(stream, std::move(config), patience())).value();
  }
  // To JetStream; its sequence.
  std::uint64_t store(const std::string& subject, const std::string& payload) {
    const auto outcome = base::run(io_, connection_->publish_js(subject, payload, {}, patience()));
    return std::get<client::Acknowledged>(outcome).seq;
  }
  // Core; returns when the server has it.
  void send(const std::string& subject, const std::string& payload) {
    connection_->publish(subject, payload).value();
    base::run(io_, connection_->ping(patience())).value();
  }
  std::uint64_t stored(const std::string& stream) {
    return base::run(io_, jetstream_.stream(stream, patience())).value().messages;
  }
  std::multiset<std::string> payloads(const std::string& stream) {
    std::multiset<std::string> all;
    const auto last = base::run(io_, jetstream_.stream(stream, patience())).value().last_seq;
    for (std::uint64_t seq = 1; seq <= last; ++seq) {
      all.insert(base::run(io_, jetstream_.message(stream, seq, patience())).value().payload);
    }
    return all;
  }
  client::ConsumerStatus consumer(const std::string& stream, const std::string& name) {
    return base::run(io_, jetstream_.consumer(stream, name, patience())).value();
  }
  // Polls; false when it is not so in time.
  template <typename Condition>
  bool until(const std::string& stream, const std::string& name, Condition condition) {
    for (const auto deadline = patience(); base::now() < deadline;) {
      if (condition(consumer(stream, name))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
  }

 private:
  static base::Instant patience() { return base::now() + std::chrono::seconds{20}; }

  boost::asio::io_context io_;
  std::shared_ptr<client::Connection> connection_;
  client::JetStream jetstream_;
};

}  // namespace squall::testing
