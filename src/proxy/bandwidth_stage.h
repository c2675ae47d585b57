// bandwidth: bytes pass at a rate, in pieces of about 10 ms. A tenth of a second's bytes are kept at most;
// then nothing more is read, so that the sender feels it, as on a slow line.
#pragma once

#include <algorithm>
#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class BandwidthStage final : public Stage {
 public:
  BandwidthStage(const fault::Bandwidth& bandwidth, const StageContext& context)
      : rate_(bandwidth.bytes_per_second), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant now, Chunks&) override {
    effect_->bytes += chunk.bytes.size();
    free_at_ = std::max(free_at_, now);
    if (chunk.kind != Chunk::Kind::kBytes) return line_.put(std::move(chunk), free_at_);
    const std::size_t piece = std::clamp<std::size_t>(rate_ / 100, 1, 64 * 1024);
    for (std::size_t at = 0; at < chunk.bytes.size(); at += piece) {
      std::string bytes = chunk.bytes.substr(at, piece);
      const double seconds = static_cast<double>(bytes.size()) / static_cast<double>(rate_);
      free_at_ += base::Nanos{static_cast<std::int64_t>(seconds * 1e9)};
      line_.put({.bytes = std::move(bytes)}, free_at_);
    }
  }
  base::Instant due() const override { return line_.due(); }
  void run(base::Instant now, Chunks& out) override { line_.run(now, out); }
  void heal(Chunks& out) override { line_.drain(out); }
  bool accepts() const override { return line_.held() < std::max<std::size_t>(4096, rate_ / 10); }
  std::size_t held() const override { return line_.held(); }

 private:
  std::uint64_t rate_;
  std::shared_ptr<FaultEffect> effect_;
  base::Instant free_at_{};
  DelayLine line_;
};

}  // namespace squall::proxy
