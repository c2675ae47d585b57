// A link with NATS faults between a test's client and its server, on a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "proxy/nats_link.h"

namespace squall::testing {

// Thread: the test's. Every call returns when the link has done it.
class FaultyLink {
 public:
  explicit FaultyLink(std::uint16_t upstream_port, std::uint64_t seed = 7);
  ~FaultyLink();
  FaultyLink(const FaultyLink&) = delete;
  FaultyLink& operator=(const FaultyLink&) = delete;

  std::uint16_t port() const;
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port()); }

  // {"preset": "ack_delay", "delay_ms": 300}; the name is the preset's unless it has one. A test failure when
  // it is not valid.
  void add(nlohmann::json fault);
  void remove(const std::string& name);
  void heal();  // all of them
  std::uint64_t struck(const std::string& name);

  std::uint64_t arm(proxy::MomentWatch watch);
  void disarm(std::uint64_t watch);
  // Nothing when none comes in time.
  std::optional<proxy::MomentEvent> next_event(base::Nanos within = std::chrono::seconds{10});
  bool release(std::uint64_t event, proxy::Release how);
  std::size_t held_bytes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace squall::testing
