#include "support/faulty_link.h"

#include <gtest/gtest.h>

#include "proxy/address.h"

namespace squall::testing {

using proxy::Links;

namespace {

constexpr const char* kName = "link";

// A preset and a match are NATS faults, whose fields stand in an object of their own.
nlohmann::json as_link_fault(nlohmann::json json) {
  const bool is_nats = json.contains("preset") || json.contains("match");
  if (!json.contains("name")) json["name"] = is_nats ? json.value("preset", std::string("fault")) : "";
  if (json["name"] == "") {
    for (const auto& [key, value] : json.items()) {
      if (value.is_object()) json["name"] = key;
    }
  }
  if (!is_nats) return json;
  const std::string name = json["name"];
  json.erase("name");
  return {{"name", name}, {"nats", std::move(json)}};
}

}  // namespace

FaultyLink::FaultyLink(std::uint16_t upstream_port, proxy::LinkTls tls)
    : proxy_([this](const proxy::ProxyEvent& event) { put(event); }) {
  const proxy::LinkSettings settings{.name = kName,
                                     .upstream = "127.0.0.1:" + std::to_string(upstream_port),
                                     .mode = proxy::LinkMode::kNats,
                                     .tls = std::move(tls),
                                     .seed = 7};
  const auto link = proxy_.call([&](Links& links) { return links.add(settings); });
  EXPECT_TRUE(link) << link.error().message();
  if (link) port_ = proxy::parse_host_port(link->listen)->port;
}

void FaultyLink::put(const proxy::ProxyEvent& event) {
  if (!event.moment) return;
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(*event.moment);
  }
  came_.notify_one();
}

void FaultyLink::add(nlohmann::json json) {
  const auto fault = fault::link_fault_from_json(as_link_fault(std::move(json)));
  ASSERT_TRUE(fault) << fault.error().message();
  const auto added = proxy_.call([&](Links& links) { return links.add_fault(kName, *fault); });
  ASSERT_TRUE(added) << added.error().message();
}

void FaultyLink::remove(const std::string& name) {
  EXPECT_TRUE(proxy_.call([&](Links& links) { return links.remove_fault(kName, name); })) << name;
}

void FaultyLink::heal() {
  EXPECT_TRUE(proxy_.call([](Links& links) { return links.heal(); }));
}

proxy::LinkStatus FaultyLink::status() {
  return proxy_.call([](Links& links) { return links.status(kName); }).value();
}

std::vector<proxy::ConnectionStatus> FaultyLink::connections() {
  return proxy_.call([](Links& links) { return links.connections(kName); }).value();
}

proxy::FaultEffect FaultyLink::effect(const std::string& name) {
  for (const proxy::FaultStatus& fault : status().faults) {
    if (fault.fault.name == name) return fault.effect;
  }
  return {};
}

std::uint64_t FaultyLink::arm(proxy::MomentWatch watch) {
  const auto armed = proxy_.call([&](Links& links) { return links.arm(kName, watch); });
  EXPECT_TRUE(armed) << armed.error().message();
  return armed.value_or(0);
}

void FaultyLink::disarm(std::uint64_t watch) {
  EXPECT_TRUE(proxy_.call([&](Links& links) { return links.disarm(kName, watch); }));
}

std::optional<proxy::MomentEvent> FaultyLink::next_event(base::Nanos within) {
  std::unique_lock lock(mutex_);
  if (!came_.wait_for(lock, within, [&] { return !events_.empty(); })) return std::nullopt;
  const proxy::MomentEvent event = events_.front();
  events_.pop_front();
  return event;
}

bool FaultyLink::release(std::uint64_t event, proxy::Release how) {
  return proxy_.call([&](Links& links) { return links.release(kName, event, how).has_value(); });
}

}  // namespace squall::testing
