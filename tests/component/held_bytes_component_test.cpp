// The memory bound of a link whose NATS faults hold frames: it counts frames that are still coming, says that
// it is full, and goes on without having lost anything.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "support/proxied_link.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using Kind = ProxyEvent::Kind;
using nlohmann::json;

constexpr std::size_t kMiB = 1024 * 1024;

std::string publish(std::size_t payload, char fill) {
  return "PUB a " + std::to_string(payload) + "\r\n" + std::string(payload, fill) + "\r\n";
}

class HeldBytesOfALink : public testing::ProxiedLink {
 protected:
  // Outlives the proxy, which goes on telling until it is gone.
  struct Said {
    std::mutex mutex;
    std::vector<Kind> kinds;
  };
  HeldBytesOfALink() : HeldBytesOfALink(std::make_shared<Said>()) {}
  explicit HeldBytesOfALink(const std::shared_ptr<Said>& said)
      : testing::ProxiedLink([said](const ProxyEvent& event) {
          const std::lock_guard lock(said->mutex);
          said->kinds.push_back(event.kind);
        }),
        said_(said) {}

  void put_nats_fault(json fault) {
    fault["match"] = {{"verbs", {"PUB"}}};
    const auto parsed = fault::link_fault_from_json({{"name", "fault"}, {"nats", std::move(fault)}});
    ASSERT_TRUE(parsed) << parsed.error().message();
    ASSERT_TRUE(proxy_.call([&](Links& links) { return links.add_fault("link", *parsed); }));
  }
  std::ptrdiff_t said(Kind kind) {
    const std::lock_guard lock(said_->mutex);
    return std::ranges::count(said_->kinds, kind);
  }
  template <typename Condition>
  static bool until(Condition condition) {
    for (const auto deadline = base::now() + 20s; base::now() < deadline; std::this_thread::yield()) {
      if (condition()) return true;
    }
    return false;
  }

  std::shared_ptr<Said> said_;
};

TEST_F(HeldBytesOfALink, AtTheBoundItStopsReadingAndAfterTheHealNothingIsLost) {
  constexpr std::size_t kBound = 8 * kMiB;
  open({.mode = LinkMode::kNats, .most_held = kBound});
  put_nats_fault({{"hold", json::object()}});
  Pair pair = connect();
  // 7 MiB, then the largest frame that a server may allow, which begins below the bound; then much more.
  std::string sent;
  for (int i = 0; i < 7; ++i) sent += publish(kMiB - 100, 'a');
  sent += publish(64 * kMiB, 'b');
  for (int i = 0; i < 40; ++i) sent += publish(kMiB, 'c');
  std::thread sender([&] { pair.client.send(sent); });

  ASSERT_TRUE(until([&] { return status().full; }));
  // Nothing is read any more once it has all that one read brings.
  std::uint64_t read = 0;
  ASSERT_TRUE(until([&] {
    const std::uint64_t before = std::exchange(read, status().bytes_up);
    std::this_thread::sleep_for(20ms);
    return before == read;
  }));
  EXPECT_LT(read, sent.size());
  const LinkStatus at_the_bound = status();
  EXPECT_GE(at_the_bound.held, kBound);
  EXPECT_LE(at_the_bound.held, kBound + 64 * kMiB + 256 * 1024);
  EXPECT_EQ(said(Kind::kFull), 1);
  EXPECT_EQ(said(Kind::kNotFull), 0);

  heal();
  EXPECT_TRUE(pair.server.receive(sent.size()) == sent) << "whole, and in order";
  sender.join();
  EXPECT_EQ(status().held, 0U);
  EXPECT_FALSE(status().full);
  EXPECT_EQ(said(Kind::kNotFull), 1);
  pair.client.send("PING\r\n");
  EXPECT_EQ(pair.server.receive(6), "PING\r\n") << "it is as new";
}

TEST_F(HeldBytesOfALink, FramesThatHaveNotComeWholeCountAndOneAfterTheOtherIsFinished) {
  constexpr std::size_t kBound = 4 * kMiB;
  open({.mode = LinkMode::kNats, .most_held = kBound});
  put_nats_fault({{"delay", {{"delay_ms", 5}}}});
  const std::string frame = publish(kMiB, 'x');
  std::vector<Pair> pairs;
  for (int i = 0; i < 16; ++i) pairs.push_back(connect());
  std::atomic<bool> whole = false;
  std::vector<std::thread> senders;
  for (Pair& pair : pairs) {
    senders.emplace_back([&] {
      pair.client.send(frame.substr(0, frame.size() - 1));
      whole.wait(false);
      pair.client.send("\n");
    });
  }
  EXPECT_TRUE(until([&] { return status().full; }));
  EXPECT_LE(status().held, kBound + 2 * kMiB) << "one connection is read on";
  whole = true;
  whole.notify_all();
  for (Pair& pair : pairs) EXPECT_TRUE(pair.server.receive(frame.size()) == frame);
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(until([&] { return status().held == 0 && !status().full; }));
}

TEST_F(HeldBytesOfALink, TwoOfTheLargestFramesPassADelayWhoseBoundIsBelowThem) {
  open({.mode = LinkMode::kNats, .most_held = 16 * kMiB});
  put_nats_fault({{"delay", {{"delay_ms", 5}}}});
  const std::string frame = publish(64 * kMiB, 'x');
  Pair one = connect();
  Pair two = connect();
  std::thread first([&] { one.client.send(frame); });
  std::thread second([&] { two.client.send(frame); });
  std::string got_of_one;
  std::thread reader([&] { got_of_one = one.server.receive(frame.size(), 40s); });
  EXPECT_TRUE(two.server.receive(frame.size(), 40s) == frame);
  reader.join();
  EXPECT_TRUE(got_of_one == frame);
  first.join();
  second.join();
}

TEST_F(HeldBytesOfALink, AConnectionThatClosesInTheMiddleOfItsFrameMakesRoomForTheNext) {
  open({.mode = LinkMode::kNats, .most_held = kMiB});
  put_nats_fault({{"delay", {{"delay_ms", 5}}}});
  const std::string frame = publish(2 * kMiB, 'x');
  Pair never = connect();
  std::thread half([&] { never.client.send(frame.substr(0, kMiB + kMiB / 2)); });
  ASSERT_TRUE(until([&] { return status().full; }));
  Pair whole = connect();
  std::thread other([&] { whole.client.send(frame); });
  half.join();
  never.client.reset();
  EXPECT_TRUE(whole.server.receive(frame.size()) == frame);
  other.join();
}

}  // namespace
}  // namespace squall::proxy
