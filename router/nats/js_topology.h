// The streams and durable consumers that the router needs: creates what is absent, leaves alone what exists,
// and tries again until all is there. It never alters or deletes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "router/nats/event_loop.h"
#include "router/nats/request_mux.h"

namespace router::nats {

struct StreamSpec {
  std::string name;
  std::vector<std::string> subjects;
  int replicas = 1;
  bool in_memory = false;
  base::Nanos max_age{};  // 0: no limit
  base::Nanos duplicate_window = std::chrono::minutes(2);
};

struct ConsumerSpec {
  std::string stream;
  std::string durable;
  std::string filter_subject;  // empty: all of the stream
  base::Nanos ack_wait = std::chrono::seconds(30);
  int max_ack_pending = 1000;
};

struct Topology {
  std::vector<StreamSpec> streams;
  std::vector<ConsumerSpec> consumers;
};

// The bodies of the API requests that create them.
std::string create_request(const StreamSpec& spec);
std::string create_request(const ConsumerSpec& spec);

// What one answer of the API means for something that is wanted.
struct ApiVerdict {
  enum class Kind { present, absent, wrong, unavailable };
  Kind kind = Kind::unavailable;
  std::string text;  // wrong, unavailable: why
};
ApiVerdict verdict_on(const StreamSpec& wanted, const Answer& info);
ApiVerdict verdict_on(const ConsumerSpec& wanted, const Answer& info);

// Thread: the loop's. Lifetime: outlives loop.run().
class TopologyKeeper {
 public:
  TopologyKeeper(EventLoop& loop, RequestMux& requests, Topology wanted);

  // Called whenever everything is there, after ensure().
  void on_ready(std::function<void()> callback) { on_ready_ = std::move(callback); }
  // What was made.
  void on_created(std::function<void(const std::string& what)> callback) {
    on_created_ = std::move(callback);
  }
  // Why it is not ready; it goes on trying. Not repeated as long as it is the same.
  void on_obstacle(std::function<void(const std::string& what, const std::string& why)> callback) {
    on_obstacle_ = std::move(callback);
  }

  // Checks everything. May be called at any time: when a check is under way, that one starts over.
  void ensure();

 private:
  enum class Step { info, create };

  void go(std::uint64_t round, std::size_t at, Step step);
  void answered(std::uint64_t round, std::size_t at, Step step, const Answer& answer);
  void try_again(std::uint64_t round, std::size_t at, const std::string& why);
  std::string what(std::size_t at) const;

  EventLoop& loop_;
  RequestMux& requests_;
  const Topology wanted_;
  std::function<void()> on_ready_;
  std::function<void(const std::string&)> on_created_;
  std::function<void(const std::string&, const std::string&)> on_obstacle_;
  std::uint64_t round_ = 0;
  std::string said_;
};

}  // namespace router::nats
