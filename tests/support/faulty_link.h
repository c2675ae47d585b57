// A link of the real proxy that reads NATS, between a test's client and its server.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "proxy/proxy.h"

namespace squall::testing {

// Thread: the test's. Every call returns when the link has done it.
class FaultyLink {
 public:
  explicit FaultyLink(std::uint16_t upstream_port, proxy::LinkTls tls = {});

  std::uint16_t port() const { return port_; }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port()); }

  // {"preset": "ack_delay", "delay_ms": 300} or a fault of bytes, {"latency": {"delay_ms": 300}}; its name is
  // the preset's or the kind's unless it has one. A test failure when it is not valid.
  void add(nlohmann::json fault);
  void remove(const std::string& name);
  void heal();  // all of them
  proxy::FaultEffect effect(const std::string& name);
  // Frames.
  std::uint64_t struck(const std::string& name) { return effect(name).frames; }
  std::vector<proxy::ConnectionStatus> connections();
  proxy::LinkStatus status();

  std::uint64_t arm(proxy::MomentWatch watch);
  void disarm(std::uint64_t watch);
  // Nothing when none comes in time.
  std::optional<proxy::MomentEvent> next_event(base::Nanos within = std::chrono::seconds{10});
  bool release(std::uint64_t event, proxy::Release how);
  std::size_t held_bytes() { return status().held; }

  proxy::Proxy& proxy() { return proxy_; }

 private:
  void put(const proxy::ProxyEvent& event);

  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<proxy::MomentEvent> events_;
  proxy::Proxy proxy_;
  std::uint16_t port_ = 0;
};

}  // namespace squall::testing
