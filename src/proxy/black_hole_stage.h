// black_hole: from some byte or instant on nothing passes, and nothing is read, so that the sender's bytes
// pile up in its own kernel as they do in a partition. When it heals, all of them pass.
#pragma once

#include <utility>

#include "proxy/stage.h"

namespace squall::proxy {

class BlackHoleStage final : public Stage {
 public:
  BlackHoleStage(const fault::BlackHole& hole, const StageContext& context)
      : left_(hole.after_bytes), effect_(context.effect) {
    if (hole.after > base::Nanos{0}) {
      starts_at_ = context.now + hole.after;
    } else {
      open_ = hole.after_bytes == 0;
    }
  }

  void take(Chunk chunk, base::Instant now, Chunks& out) override {
    run(now, out);
    if (!open_ && starts_at_ == kNotDue && chunk.kind == Chunk::Kind::kBytes) {
      if (chunk.bytes.size() < left_) {
        left_ -= chunk.bytes.size();
      } else {
        open_ = true;
        out.push_back({.bytes = chunk.bytes.substr(0, left_)});
        chunk.bytes.erase(0, left_);
        if (chunk.bytes.empty()) return;
      }
    }
    if (!open_) {
      out.push_back(std::move(chunk));
      return;
    }
    effect_->bytes += chunk.bytes.size();
    line_.put(std::move(chunk), now);
  }
  base::Instant due() const override { return open_ ? kNotDue : starts_at_; }
  void run(base::Instant now, Chunks&) override {
    if (now >= starts_at_) open_ = true;
  }
  void heal(Chunks& out) override { line_.drain(out); }
  bool accepts() const override { return !open_; }
  std::size_t held() const override { return line_.held(); }

 private:
  std::uint64_t left_;
  std::shared_ptr<FaultEffect> effect_;
  base::Instant starts_at_ = kNotDue;
  bool open_ = false;
  DelayLine line_;
};

}  // namespace squall::proxy
