// A nats-server with JetStream under a test's control, and a client that waits for its answers. For tests of
// the router only: the tool's own tests use src/cluster and src/client.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "router/nats/request_mux.h"
#include "router/nats/stored_message.h"
#include "router/nats/stream_publisher.h"
#include "tests/support/running_router.h"

namespace testing_support {

// Started in the constructor, killed in the destructor. A restart keeps port and store.
class RealBroker {
 public:
  explicit RealBroker(const Scratch& scratch);
  ~RealBroker();
  RealBroker(const RealBroker&) = delete;
  RealBroker& operator=(const RealBroker&) = delete;

  const std::string& url() const { return url_; }
  int pid() const { return pid_; }
  void signal(int number) const;
  void kill();
  // Returns when it accepts connections.
  void start();

 private:
  std::string folder_;
  std::string url_;
  int port_ = -1;
  int pid_ = 0;
};

// Thread: any one.
class BlockingClient {
 public:
  explicit BlockingClient(const std::string& url);
  ~BlockingClient();
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  router::nats::PublishOutcome publish(const router::nats::Publication& publication);
  // Publishes until each one is acknowledged; one after the other, but for a window.
  void publish_until_acked(const std::vector<router::nats::Publication>& publications, int window = 200);
  // Nothing without an answer.
  std::optional<std::string> ask(const std::string& subject, const std::string& body = "");
  nlohmann::json ask_json(const std::string& subject, const nlohmann::json& body = nullptr);

  // What arrives on a subject, from now on.
  void listen(const std::string& subject);
  std::vector<router::nats::Message> heard();

  std::uint64_t stored(const std::string& stream);  // messages; 0 when there is no such stream
  // What is stored in a stream, by the field `request_id` of the payload.
  std::map<std::string, int> count_by_request(const std::string& stream);
  nlohmann::json consumer(const std::string& stream, const std::string& durable);

 private:
  template <typename T>
  T wait_for(std::move_only_function<void(std::move_only_function<void(T)>)> start);

  router::nats::EventLoop loop_;
  router::nats::Session session_;
  router::nats::RequestMux requests_;
  router::nats::StreamPublisher publisher_;
  std::map<std::string, router::nats::Subscription> subscriptions_;
  std::mutex mutex_;
  std::vector<router::nats::Message> heard_;
  std::jthread thread_;
};

}  // namespace testing_support
