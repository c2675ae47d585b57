// latency: every chunk, and the end of the stream, passes `delay` plus or minus jitter after it came, never
// before the one in front of it. What is on its way is kept here, so throughput is not limited.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class LatencyStage final : public Stage {
 public:
  LatencyStage(const fault::Latency& latency, const StageContext& context)
      : latency_(latency), seed_(context.seed), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant now, Chunks&) override {
    effect_->bytes += chunk.bytes.size();
    line_.put(std::move(chunk), now + next_delay());
  }
  base::Instant due() const override { return line_.due(); }
  void run(base::Instant now, Chunks& out) override { line_.run(now, out); }
  void heal(Chunks& out) override { line_.drain(out); }
  std::size_t held() const override { return line_.held(); }

 private:
  base::Nanos next_delay() {
    if (latency_.jitter == base::Nanos{0}) return latency_.delay;
    const double unit = seed_.derive(chunks_++).unit() * 2 - 1;
    const auto jitter = static_cast<std::int64_t>(unit * static_cast<double>(latency_.jitter.count()));
    return std::max(base::Nanos{0}, latency_.delay + base::Nanos{jitter});
  }

  fault::Latency latency_;
  base::Seed seed_;
  std::shared_ptr<FaultEffect> effect_;
  std::uint64_t chunks_ = 0;
  DelayLine line_;
};

}  // namespace squall::proxy
