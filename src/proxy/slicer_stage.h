// slicer: bytes pass in pieces of a random size around the average, with a pause between two of them.
#pragma once

#include <algorithm>
#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class SlicerStage final : public Stage {
 public:
  SlicerStage(const fault::Slicer& slicer, const StageContext& context)
      : slicer_(slicer), seed_(context.seed), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant now, Chunks&) override {
    effect_->bytes += chunk.bytes.size();
    if (chunk.kind != Chunk::Kind::kBytes) return line_.put(std::move(chunk), now);
    for (std::size_t at = 0; at < chunk.bytes.size();) {
      std::string piece = chunk.bytes.substr(at, next_size());
      at += piece.size();
      next_at_ = std::max(next_at_, now);
      line_.put({.bytes = std::move(piece)}, next_at_);
      next_at_ += slicer_.delay;
    }
  }
  base::Instant due() const override { return line_.due(); }
  void run(base::Instant now, Chunks& out) override { line_.run(now, out); }
  void heal(Chunks& out) override { line_.drain(out); }
  bool accepts() const override { return line_.held() < 256 * 1024; }
  std::size_t held() const override { return line_.held(); }

 private:
  std::size_t next_size() {
    const std::uint64_t spread = 2 * slicer_.size_variation + 1;
    return slicer_.average_size - slicer_.size_variation + seed_.derive(pieces_++).below(spread);
  }

  fault::Slicer slicer_;
  base::Seed seed_;
  std::shared_ptr<FaultEffect> effect_;
  std::uint64_t pieces_ = 0;
  base::Instant next_at_{};
  DelayLine line_;
};

}  // namespace squall::proxy
