// reset_peer and cut_after_time: at an instant the connection is reset.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class CutStage final : public Stage {
 public:
  CutStage(base::Instant at, const StageContext& context) : at_(at), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant, Chunks& out) override { out.push_back(std::move(chunk)); }
  base::Instant due() const override { return at_; }
  void run(base::Instant now, Chunks& out) override {
    if (now < at_) return;
    at_ = kNotDue;
    ++effect_->cut;
    out.push_back({.kind = Chunk::Kind::kReset, .bytes = {}});
  }

 private:
  base::Instant at_;
  std::shared_ptr<FaultEffect> effect_;
};

}  // namespace squall::proxy
