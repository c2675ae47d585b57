// Each byte fault on real sockets: its effect, and that after its heal the link is as new.
#include <thread>

#include "support/proxied_link.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using fault::LinkStream;
using testing::RawSocket;

class LinkFaults : public testing::ProxiedLink {
 protected:
  void SetUp() override { open(); }
  void healed() {
    heal();
    expect_as_new();
  }
};

TEST_F(LinkFaults, LatencyDelaysLiveConnectionsAndItsHealLetsAllFlow) {
  Pair pair = connect();
  put(fault::Latency{.delay = 60ms});
  const base::Instant sent = base::now();
  pair.server.send("late");
  EXPECT_EQ(pair.client.receive(4), "late");
  EXPECT_GE(base::now() - sent, 60ms);
  EXPECT_EQ(effect().bytes, 4U);
  EXPECT_EQ(effect().connections, 1U);
  healed();
  expect_works(pair);
}

TEST_F(LinkFaults, LatencyWithJitterKeepsOrderAndThroughput) {
  Pair pair = connect();
  put(fault::Latency{.delay = 20ms, .jitter = 20ms});
  std::string bytes(20'000'000, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i >> 8);
  const base::Instant began = base::now();
  std::thread sender([&] { pair.server.send(bytes); });
  EXPECT_EQ(pair.client.receive(bytes.size()), bytes);
  sender.join();
  // A read at a time would need 20 MB / 256 KiB times 20 ms, which is 1.5 s at least, and more for less.
  EXPECT_LT(base::now() - began, 1s);
  healed();
}

TEST_F(LinkFaults, BandwidthHoldsItsRate) {
  Pair pair = connect();
  put(fault::Bandwidth{.bytes_per_second = 1'000'000});
  const std::string bytes(200'000, 'b');
  const base::Instant began = base::now();
  std::thread sender([&] { pair.server.send(bytes); });
  EXPECT_EQ(pair.client.receive(bytes.size()).size(), bytes.size());
  sender.join();
  EXPECT_GE(base::now() - began, 195ms);
  EXPECT_LT(base::now() - began, 2s);
  healed();
}

TEST_F(LinkFaults, SlowCloseDelaysTheEndAlone) {
  Pair pair = connect();
  put(fault::SlowClose{.delay = 80ms});
  const base::Instant began = base::now();
  pair.server.send("bye");
  pair.server.end();
  EXPECT_EQ(pair.client.receive(3), "bye");
  EXPECT_EQ(pair.client.how_it_ends(), "end");
  EXPECT_GE(base::now() - began, 80ms);
  EXPECT_EQ(effect().cut, 1U);
  healed();
}

TEST_F(LinkFaults, TimeoutThrowsAwayAndClosesInTime) {
  Pair pair = connect();
  put(fault::Timeout{.after = 60ms});
  const base::Instant began = base::now();
  pair.server.send("lost");
  EXPECT_EQ(pair.client.receive(4), "");
  EXPECT_GE(base::now() - began, 55ms);
  EXPECT_EQ(effect().bytes, 4U);
  healed();
}

TEST_F(LinkFaults, TimeoutOfZeroClosesAtItsHealWhatHasAHole) {
  Pair struck = connect();
  Pair idle = connect();
  put(fault::Timeout{});
  struck.server.send("lost");
  EXPECT_EQ(struck.client.receive(4, 50ms), "");
  healed();
  EXPECT_EQ(struck.client.how_it_ends(), "end");
  expect_works(idle);
}

TEST_F(LinkFaults, ResetPeerResetsBothEnds) {
  Pair pair = connect();
  put(fault::ResetPeer{.after = 30ms});
  const base::Instant began = base::now();
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  EXPECT_GE(base::now() - began, 25ms);
  EXPECT_EQ(pair.server.how_it_ends(), "reset");
  EXPECT_EQ(effect().cut, 1U);
  healed();
}

TEST_F(LinkFaults, RefuseTurnsAwayNewConnectionsAndKeepsTheOld) {
  Pair pair = connect();
  put(fault::Refuse{});
  EXPECT_EQ(RawSocket::dial(port_).error(), ECONNREFUSED);
  expect_works(pair);
  healed();
}

TEST_F(LinkFaults, HalfOpenUpstreamTakesTheServerAwayBehindTheClientsBack) {
  Pair pair = connect();
  put(fault::HalfOpen{}, LinkStream::kUpstream);
  EXPECT_EQ(pair.server.how_it_ends(), "reset");
  EXPECT_TRUE(pair.client.send("is anybody there?"));
  RawSocket late = RawSocket::dial(port_);
  EXPECT_EQ(pair.client.how_it_ends(50ms), "open");
  EXPECT_EQ(late.how_it_ends(50ms), "open");
  heal();
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  EXPECT_EQ(late.how_it_ends(), "reset");
  expect_as_new();
}

TEST_F(LinkFaults, HalfOpenDownstreamTakesTheClientAwayBehindTheServersBack) {
  Pair pair = connect();
  // The link itself must have seen that its connection to the server stands: before that there is no half.
  ASSERT_TRUE(pair.client.send("!"));
  ASSERT_EQ(pair.server.receive(1), "!");
  put(fault::HalfOpen{}, LinkStream::kDownstream);
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  EXPECT_TRUE(pair.server.send("hello?"));
  EXPECT_EQ(pair.server.how_it_ends(50ms), "open");
  heal();
  EXPECT_EQ(pair.server.how_it_ends(), "reset");
  expect_as_new();
}

TEST_F(LinkFaults, ABlackHoleLosesNothingWhenItHeals) {
  Pair pair = connect();
  put(fault::BlackHole{}, LinkStream::kBoth);
  pair.client.send("up");
  pair.server.send("down");
  pair.server.end();
  EXPECT_EQ(pair.client.receive(4, 50ms), "");
  EXPECT_EQ(pair.server.receive(2, 20ms), "");
  heal();
  EXPECT_EQ(pair.client.receive(4), "down");
  EXPECT_EQ(pair.client.how_it_ends(), "end");
  EXPECT_EQ(pair.server.receive(2), "up");
  expect_as_new();
}

TEST_F(LinkFaults, ABlackHoleHidesAResetUntilItHeals) {
  Pair pair = connect();
  put(fault::BlackHole{}, LinkStream::kBoth);
  pair.server.reset();
  EXPECT_EQ(pair.client.how_it_ends(50ms), "open");
  heal();
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  expect_as_new();
}

TEST_F(LinkFaults, ABlackHoleBeginsBehindSoManyBytes) {
  Pair pair = connect();
  put(fault::BlackHole{.after_bytes = 5});
  pair.server.send("1234567");
  EXPECT_EQ(pair.client.receive(7, 50ms), "12345");
  heal();
  EXPECT_EQ(pair.client.receive(2), "67");
  expect_as_new();
}

TEST_F(LinkFaults, CutAfterBytesResetsAtThatByte) {
  Pair pair = connect();
  put(fault::CutAfterBytes{.bytes = 6}, LinkStream::kUpstream);
  pair.client.send("123456789");
  EXPECT_EQ(pair.server.receive(9), "123456");
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  EXPECT_EQ(effect().cut, 1U);
  healed();
}

TEST_F(LinkFaults, CutAfterTimeEndsConnectionsOfThatAge) {
  put(fault::CutAfterTime{.age = 80ms});
  const base::Instant began = base::now();
  Pair pair = connect();
  EXPECT_EQ(pair.client.how_it_ends(), "reset");
  EXPECT_GE(base::now() - began, 75ms);
  healed();
}

TEST_F(LinkFaults, TheSlicerCutsWithPausesAndLosesNothing) {
  Pair pair = connect();
  put(fault::Slicer{.average_size = 10, .size_variation = 5, .delay = 2ms});
  const base::Instant began = base::now();
  const std::string bytes = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  pair.server.send(bytes);
  EXPECT_LE(pair.client.receive(1).size(), 1U);
  EXPECT_EQ(pair.client.receive(bytes.size() - 1), bytes.substr(1));
  EXPECT_GE(base::now() - began, 8ms);  // at least five pauses
  healed();
}

TEST_F(LinkFaults, LimitDataClosesInOrder) {
  Pair pair = connect();
  put(fault::LimitData{.bytes = 4});
  pair.server.send("12345678");
  EXPECT_EQ(pair.client.receive(8), "1234");
  EXPECT_EQ(pair.client.how_it_ends(), "end");
  healed();
}

TEST_F(LinkFaults, FaultsAddUpInTheirOrder) {
  Pair pair = connect();
  put(fault::Latency{.delay = 30ms});
  const fault::LinkFault limit{.name = "limit", .action = fault::LimitData{.bytes = 3}};
  ASSERT_TRUE(proxy_.call([&](Links& links) { return links.add_fault("link", limit); }));
  const base::Instant began = base::now();
  pair.server.send("12345");
  EXPECT_EQ(pair.client.receive(5), "123");
  EXPECT_GE(base::now() - began, 30ms);
}

}  // namespace
}  // namespace squall::proxy
