// slow_close: bytes pass as they come; the end of the stream passes later.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class SlowCloseStage final : public Stage {
 public:
  SlowCloseStage(const fault::SlowClose& close, const StageContext& context)
      : delay_(close.delay), effect_(context.effect) {}

  void take(Chunk chunk, base::Instant now, Chunks& out) override {
    if (chunk.kind == Chunk::Kind::kBytes) {
      out.push_back(std::move(chunk));
      return;
    }
    ++effect_->cut;
    line_.put(std::move(chunk), now + delay_);
  }
  base::Instant due() const override { return line_.due(); }
  void run(base::Instant now, Chunks& out) override { line_.run(now, out); }
  void heal(Chunks& out) override { line_.drain(out); }

 private:
  base::Nanos delay_;
  std::shared_ptr<FaultEffect> effect_;
  DelayLine line_;
};

}  // namespace squall::proxy
