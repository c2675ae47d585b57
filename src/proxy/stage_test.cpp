// The byte faults without sockets, on a clock that the test moves.
#include "proxy/stage.h"

namespace squall::proxy {
namespace {

using namespace std::chrono_literals;
using Kind = Chunk::Kind;

class StageTest : public ::testing::Test {
 protected:
  void put(const fault::LinkAction& action) {
    stage_ =
        make_stage(action, {.now = at(0ms), .opened = at(-100ms), .seed = base::Seed(7), .effect = effect_});
    ASSERT_NE(stage_, nullptr);
  }
  static base::Instant at(base::Nanos time) { return base::Instant{} + 1h + time; }
  // What comes out at once.
  std::string take(std::string bytes, base::Nanos time) { return out(time, {.bytes = std::move(bytes)}); }
  std::string end(base::Nanos time) { return out(time, {.kind = Kind::kEnd, .bytes = {}}); }
  std::string run(base::Nanos time) {
    Chunks chunks;
    stage_->run(at(time), chunks);
    return text(chunks);
  }
  std::string heal() {
    Chunks chunks;
    stage_->heal(chunks);
    return text(chunks);
  }
  std::string out(base::Nanos time, Chunk chunk) {
    Chunks chunks;
    stage_->take(std::move(chunk), at(time), chunks);
    return text(chunks);
  }
  // "ab|c|END"
  static std::string text(const Chunks& chunks) {
    std::string all;
    for (const Chunk& chunk : chunks) {
      const char* const ends[] = {"", "END", "CLOSE", "RESET"};
      all += (all.empty() ? "" : "|") + chunk.bytes + ends[static_cast<int>(chunk.kind)];
    }
    return all;
  }

  std::shared_ptr<FaultEffect> effect_ = std::make_shared<FaultEffect>();
  std::unique_ptr<Stage> stage_;
};

TEST_F(StageTest, LatencyLetsEachChunkPassAfterItsDelay) {
  put(fault::Latency{.delay = 10ms});
  EXPECT_EQ(take("a", 0ms), "");
  EXPECT_EQ(take("b", 4ms), "");
  EXPECT_EQ(end(5ms), "");
  EXPECT_EQ(stage_->due(), at(10ms));
  EXPECT_EQ(stage_->held(), 2U);
  EXPECT_EQ(run(9ms), "");
  EXPECT_EQ(run(10ms), "a");
  EXPECT_EQ(run(20ms), "b|END");
  EXPECT_EQ(stage_->due(), kNotDue);
  EXPECT_TRUE(stage_->accepts());
}

TEST_F(StageTest, LatencyWithJitterStaysWithinItsBoundsAndInOrder) {
  put(fault::Latency{.delay = 10ms, .jitter = 5ms});
  std::string sent;
  for (int i = 0; i < 26; ++i) {
    sent += static_cast<char>('a' + i);
    take(sent.substr(sent.size() - 1), i * 100ms);
    const base::Nanos delay = stage_->due() - at(i * 100ms);
    EXPECT_GE(delay, 5ms);
    EXPECT_LE(delay, 15ms);
    EXPECT_EQ(run(i * 100ms + 15ms), sent.substr(sent.size() - 1));
  }
  for (int i = 0; i < 9; ++i) take(std::string(1, static_cast<char>('0' + i)), 9s);
  EXPECT_EQ(run(10s), "0|1|2|3|4|5|6|7|8");
}

TEST_F(StageTest, LatencyHealedLetsAllPassAtOnce) {
  put(fault::Latency{.delay = 10ms});
  take("a", 0ms);
  take("b", 1ms);
  EXPECT_EQ(heal(), "a|b");
  EXPECT_EQ(stage_->held(), 0U);
}

TEST_F(StageTest, BandwidthPassesWhatItsRateAllows) {
  put(fault::Bandwidth{.bytes_per_second = 1000});
  EXPECT_EQ(take(std::string(100, 'x'), 0ms), "");
  std::size_t passed = 0;
  for (int ms = 10; ms <= 50; ms += 10) {
    for (const char c : run(base::Nanos{ms * 1'000'000})) passed += c == 'x' ? 1 : 0;
  }
  EXPECT_EQ(passed, 50U);
  EXPECT_EQ(stage_->held(), 50U);
}

TEST_F(StageTest, BandwidthStopsReadingWhenALotWaits) {
  put(fault::Bandwidth{.bytes_per_second = 100'000});
  take(std::string(9'999, 'x'), 0ms);
  EXPECT_TRUE(stage_->accepts());
  take("xx", 0ms);
  EXPECT_FALSE(stage_->accepts());
  run(50ms);
  EXPECT_TRUE(stage_->accepts());
}

TEST_F(StageTest, SlowCloseDelaysTheEndOnly) {
  put(fault::SlowClose{.delay = 10ms});
  EXPECT_EQ(take("a", 0ms), "a");
  EXPECT_EQ(end(1ms), "");
  EXPECT_EQ(stage_->due(), at(11ms));
  EXPECT_EQ(run(11ms), "END");
}

TEST_F(StageTest, TimeoutSwallowsAndCloses) {
  put(fault::Timeout{.after = 10ms});
  EXPECT_EQ(take("abc", 1ms), "");
  EXPECT_EQ(effect_->bytes, 3U);
  EXPECT_EQ(run(10ms), "CLOSE");
  EXPECT_EQ(heal(), "");
}

TEST_F(StageTest, TimeoutOfZeroClosesWhenHealedIfAnythingIsMissing) {
  put(fault::Timeout{});
  EXPECT_EQ(stage_->due(), kNotDue);
  EXPECT_EQ(heal(), "");
  take("a", 0ms);
  EXPECT_EQ(heal(), "CLOSE");
}

TEST_F(StageTest, ResetPeerComesOnce) {
  put(fault::ResetPeer{.after = 10ms});
  EXPECT_EQ(take("a", 1ms), "a");
  EXPECT_EQ(run(10ms), "RESET");
  EXPECT_EQ(stage_->due(), kNotDue);
}

TEST_F(StageTest, CutAfterTimeCountsFromTheConnectionsBeginning) {
  put(fault::CutAfterTime{.age = 130ms});
  EXPECT_EQ(stage_->due(), at(30ms));
  put(fault::CutAfterTime{.age = 50ms});
  EXPECT_EQ(stage_->due(), at(0ms));
}

TEST_F(StageTest, LimitsEndAtTheExactByte) {
  put(fault::LimitData{.bytes = 5});
  EXPECT_EQ(take("abc", 0ms), "abc");
  EXPECT_EQ(take("defg", 0ms), "de|CLOSE");
  EXPECT_EQ(take("h", 0ms), "");
  EXPECT_EQ(effect_->bytes, 3U);
  put(fault::CutAfterBytes{.bytes = 3});
  EXPECT_EQ(take("abc", 0ms), "abc|RESET");
}

TEST_F(StageTest, ABlackHoleHoldsFromItsByteOn) {
  put(fault::BlackHole{.after_bytes = 4});
  EXPECT_EQ(take("abc", 0ms), "abc");
  EXPECT_TRUE(stage_->accepts());
  EXPECT_EQ(take("def", 0ms), "d");
  EXPECT_FALSE(stage_->accepts());
  EXPECT_EQ(end(0ms), "");
  EXPECT_EQ(heal(), "ef|END");
}

TEST_F(StageTest, ABlackHoleHoldsFromItsInstantOn) {
  put(fault::BlackHole{.after = 10ms});
  EXPECT_EQ(take("abc", 9ms), "abc");
  EXPECT_EQ(stage_->due(), at(10ms));
  run(10ms);
  EXPECT_FALSE(stage_->accepts());
  EXPECT_EQ(take("d", 11ms), "");
  EXPECT_EQ(heal(), "d");
}

TEST_F(StageTest, TheSlicerKeepsSizesAndPauses) {
  put(fault::Slicer{.average_size = 4, .size_variation = 1, .delay = 2ms});
  const std::string bytes(400, 'x');
  take(bytes, 0ms);
  std::size_t pieces = 0;
  std::string all;
  for (base::Nanos time = 0ms; stage_->held() > 0; time += 2ms) {
    const std::string piece = run(time);
    if (stage_->held() > 0) {
      EXPECT_GE(piece.size(), 3U);
    }
    EXPECT_LE(piece.size(), 5U);
    all += piece;
    ++pieces;
  }
  EXPECT_EQ(all, bytes);
  EXPECT_GE(pieces, 80U);
}

TEST_F(StageTest, FaultsOfTheWholeConnectionAreNoStages) {
  const StageContext context{.now = at(0ms), .opened = at(0ms), .seed = base::Seed(1), .effect = effect_};
  EXPECT_EQ(make_stage(fault::Refuse{}, context), nullptr);
  EXPECT_EQ(make_stage(fault::HalfOpen{}, context), nullptr);
}

}  // namespace
}  // namespace squall::proxy
