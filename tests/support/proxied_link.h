// A proxy with one link to a listener of the test, and the way to put faults on it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "proxy/address.h"
#include "proxy/proxy.h"
#include "support/raw_socket.h"

namespace squall::testing {

class ProxiedLink : public ::testing::Test {
 protected:
  // `on_event` is called on the proxy's thread, until the test is over.
  explicit ProxiedLink(proxy::EventSink on_event = {}) : proxy_(std::move(on_event)) {}

  using Links = proxy::Links;
  struct Pair {
    RawSocket client;
    RawSocket server;
  };

  void open(proxy::LinkSettings settings = {}) {
    settings.name = "link";
    if (settings.upstream.empty()) settings.upstream = "127.0.0.1:" + std::to_string(upstream_.port());
    auto link = proxy_.call([&](Links& links) { return links.add(settings); });
    ASSERT_TRUE(link) << link.error().message();
    port_ = proxy::parse_host_port(link->listen)->port;
  }
  Pair connect() {
    Pair pair;
    pair.client = RawSocket::dial(port_);
    EXPECT_EQ(pair.client.error(), 0);
    pair.server = upstream_.accept();
    return pair;
  }
  void put(fault::LinkAction action, fault::LinkStream stream = fault::LinkStream::kDownstream,
           double toxicity = 1) {
    const fault::LinkFault fault{
        .name = "fault", .action = std::move(action), .stream = stream, .toxicity = toxicity};
    auto added = proxy_.call([&](Links& links) { return links.add_fault("link", fault); });
    ASSERT_TRUE(added) << added.error().message();
  }
  void heal() {
    auto removed = proxy_.call([](Links& links) { return links.remove_fault("link", "fault"); });
    ASSERT_TRUE(removed) << removed.error().message();
  }
  proxy::LinkStatus status() {
    return *proxy_.call([](Links& links) { return links.status("link"); });
  }
  proxy::FaultEffect effect() { return status().faults.at(0).effect; }
  // Both directions carry bytes.
  static void expect_works(Pair& pair) {
    ASSERT_TRUE(pair.client.send("ping"));
    EXPECT_EQ(pair.server.receive(4), "ping");
    ASSERT_TRUE(pair.server.send("pong!"));
    EXPECT_EQ(pair.client.receive(5), "pong!");
  }
  void expect_as_new() {
    Pair pair = connect();
    expect_works(pair);
    pair.client.end();
    EXPECT_EQ(pair.server.how_it_ends(), "end");
    pair.server.end();
    EXPECT_EQ(pair.client.how_it_ends(), "end");
  }

  RawListener upstream_;
  proxy::Proxy proxy_;
  std::uint16_t port_ = 0;
};

}  // namespace squall::testing
