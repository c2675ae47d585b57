#include "proxy/frame_cutter.h"

namespace squall::proxy {
namespace {

struct Target {
  bool whole = false;
  std::string take;  // frames with this verb
  std::string passed{};
  std::vector<std::string> frames{};
  int taken_count = 0;

  bool needs_whole() const { return whole; }
  bool goes_on() const { return true; }
  void run(std::string_view bytes) { passed += bytes; }
  void taken() {
    passed += "<taken>";
    ++taken_count;
  }
  bool passes(const wire::Frame& frame, std::string_view bytes) {
    frames.emplace_back(whole ? bytes : wire::verb_name(frame));
    return wire::verb_name(frame) != take;
  }
};

// As the data path does it: what is carried stands in front of what comes.
bool feed(FrameCutter& cutter, std::string_view bytes, Target& target) {
  return cutter.cut(cutter.take_carried() + std::string(bytes), target);
}

constexpr std::string_view kBytes =
    "CONNECT {}\r\nPING\r\nSUB a 1\r\nPUB a 5\r\nhello\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n";

TEST(FrameCutter, PassesTheSameBytesHoweverTheyCome) {
  for (const bool whole : {false, true}) {
    for (std::size_t split = 0; split <= kBytes.size(); ++split) {
      FrameCutter cutter(wire::Sender::kClient);
      Target target{.whole = whole};
      EXPECT_TRUE(feed(cutter, kBytes.substr(0, split), target));
      EXPECT_TRUE(feed(cutter, kBytes.substr(split), target));
      EXPECT_EQ(target.passed, kBytes) << split;
      EXPECT_EQ(target.frames.size(), 6U) << split;
    }
  }
}

TEST(FrameCutter, TakesWholeFramesOutOfTheirPlace) {
  for (std::size_t split = 0; split <= kBytes.size(); ++split) {
    FrameCutter cutter(wire::Sender::kClient);
    Target target{.whole = true, .take = "PUB"};
    feed(cutter, kBytes.substr(0, split), target);
    feed(cutter, kBytes.substr(split), target);
    EXPECT_EQ(target.passed,
              "CONNECT {}\r\nPING\r\nSUB a 1\r\n<taken>HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n")
        << split;
  }
}

TEST(FrameCutter, PassesAPayloadBeforeAllOfItHasCome) {
  FrameCutter cutter(wire::Sender::kClient);
  Target target;
  feed(cutter, "PUB a 1000\r\nabc", target);
  EXPECT_EQ(target.passed, "PUB a 1000\r\nabc");
  EXPECT_TRUE(cutter.mid_frame());
  EXPECT_TRUE(cutter.carried().empty());
}

TEST(FrameCutter, KeepsTheBeginningOfAWholeFrameAndSaysHowMuchItWants) {
  FrameCutter cutter(wire::Sender::kClient);
  Target target{.whole = true};
  feed(cutter, "PING\r\nPUB a 1000\r\nabc", target);
  EXPECT_EQ(target.passed, "PING\r\n");
  EXPECT_EQ(cutter.carried(), "PUB a 1000\r\nabc");
  EXPECT_EQ(cutter.wanted(), 12U + 1000 + 2);
}

TEST(FrameCutter, PassesUnreadWhatIsNoNats) {
  FrameCutter cutter(wire::Sender::kClient);
  Target target;
  const std::string hello("\x16\x03\x01\x00PUB a 5\r\n", 13);
  EXPECT_FALSE(feed(cutter, "PING\r\n" + hello, target));
  EXPECT_TRUE(cutter.unreadable());
  EXPECT_FALSE(feed(cutter, "PING\r\n", target));
  EXPECT_EQ(target.passed, "PING\r\n" + hello + "PING\r\n");
  EXPECT_EQ(target.frames.size(), 1U);
}

}  // namespace
}  // namespace squall::proxy
