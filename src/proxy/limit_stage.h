// limit_data and cut_after_bytes: so many bytes pass, then the connection is closed in order, or reset.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class LimitStage final : public Stage {
 public:
  LimitStage(std::uint64_t bytes, Chunk::Kind end, const StageContext& context)
      : left_(bytes), end_(end), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant, Chunks& out) override {
    if (chunk.kind != Chunk::Kind::kBytes) {
      out.push_back(std::move(chunk));
      return;
    }
    if (chunk.bytes.size() <= left_) {
      left_ -= chunk.bytes.size();
      out.push_back(std::move(chunk));
    } else {
      effect_->bytes += chunk.bytes.size() - left_;
      chunk.bytes.resize(left_);
      left_ = 0;
      if (!chunk.bytes.empty()) out.push_back(std::move(chunk));
    }
    if (left_ == 0 && !ended_) {
      ended_ = true;
      ++effect_->cut;
      out.push_back({.kind = end_, .bytes = {}});
    }
  }

 private:
  std::uint64_t left_;
  Chunk::Kind end_;
  std::shared_ptr<FaultEffect> effect_;
  bool ended_ = false;
};

}  // namespace squall::proxy
