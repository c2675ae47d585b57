// timeout: bytes are thrown away; after a time, if one is given, the connection is closed. Once anything is
// lost the connection cannot go on as if nothing had been, so it is closed when the fault is removed.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class TimeoutStage final : public Stage {
 public:
  TimeoutStage(const fault::Timeout& timeout, const StageContext& context) : effect_(context.effect) {
    if (timeout.after > base::Nanos{0}) close_at_ = context.now + timeout.after;
  }

  void take(Chunk chunk, base::Instant, Chunks& out) override {
    if (chunk.kind != Chunk::Kind::kBytes) {
      out.push_back(std::move(chunk));
      return;
    }
    effect_->bytes += chunk.bytes.size();
    has_hole_ = true;
  }
  base::Instant due() const override { return close_at_; }
  void run(base::Instant now, Chunks& out) override {
    if (now < close_at_) return;
    close(out);
  }
  void heal(Chunks& out) override {
    if (has_hole_) close(out);
  }

 private:
  void close(Chunks& out) {
    close_at_ = kNotDue;
    has_hole_ = false;
    ++effect_->cut;
    out.push_back({.kind = Chunk::Kind::kClose, .bytes = {}});
  }

  std::shared_ptr<FaultEffect> effect_;
  base::Instant close_at_ = kNotDue;
  bool has_hole_ = false;
};

}  // namespace squall::proxy
