// What is no NATS, or far too much of it, on a link that reads NATS: it passes unread, within the memory
// bound, and other connections do not notice.
#include <nlohmann/json.hpp>
#include <thread>

#include "support/proxied_link.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;

class HostileFrames : public testing::ProxiedLink {
 protected:
  void SetUp() override { open({.mode = LinkMode::kNats, .most_held = 4 * 1024 * 1024}); }
  // A connection whose frames are put together whole: a fault is there.
  void put_nats_fault() {
    const auto json =
        nlohmann::json::parse(R"({"name": "fault", "nats": {"preset": "publish_drop", "subject": "no"}})");
    const auto parsed = fault::link_fault_from_json(json);
    ASSERT_TRUE(proxy_.call([&](Links& links) { return links.add_fault("link", *parsed); }));
  }
  void expect_passes(const std::string& bytes) {
    Pair hostile = connect();
    std::thread sender([&] { hostile.client.send(bytes); });
    const std::string got = hostile.server.receive(bytes.size());
    sender.join();
    EXPECT_TRUE(got == bytes) << bytes.substr(0, 60) << ": " << got.size() << " of " << bytes.size()
                              << " bytes";
    EXPECT_EQ(status().held, 0U);
  }
};

TEST_F(HostileFrames, PassUnreadAndUnchanged) {
  for (const bool has_fault : {false, true}) {
    if (has_fault) put_nats_fault();
    expect_passes("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_passes(std::string("\x16\x03\x01\x02\x00\x01\x00", 7) + std::string(500, '\xff'));
    expect_passes("PUB a -1\r\n\r\n");
    expect_passes("PUB a 99999999999999999999\r\nx\r\n");
    expect_passes("PUB a 3\r\nfour\r\n");
    expect_passes("HPUB a 9 3\r\nNATS/1.0\r\n");
    expect_passes("PUB " + std::string(1'000'000, 'a') + " 1\r\nx\r\n");
    expect_passes(std::string(3'000'000, '\n'));
  }
}

TEST_F(HostileFrames, APayloadBeyondEveryLimitPassesWithoutBeingKept) {
  expect_passes("PUB a 30000000\r\n" + std::string(30'000'000, 'x') + "\r\n");
}

TEST_F(HostileFrames, AFrameThatNeverEndsHoldsNothingUp) {
  put_nats_fault();
  Pair slow = connect();
  slow.client.send("PUB a 1000000\r\n" + std::string(1000, 'x'));
  Pair line = connect();
  line.client.send("PUB aaaa");
  Pair other = connect();
  other.client.send("PING\r\n");
  EXPECT_EQ(other.server.receive(6), "PING\r\n");
  EXPECT_EQ(status().connections, 3U);
  slow.client.close();
  EXPECT_EQ(slow.server.receive(15), "PUB a 1000000\r\n") << "what came is passed on at the end";
}

}  // namespace
}  // namespace squall::proxy
