#include "proxy/stage.h"

#include <algorithm>

#include "proxy/bandwidth_stage.h"
#include "proxy/black_hole_stage.h"
#include "proxy/cut_stage.h"
#include "proxy/latency_stage.h"
#include "proxy/limit_stage.h"
#include "proxy/slicer_stage.h"
#include "proxy/slow_close_stage.h"
#include "proxy/timeout_stage.h"

namespace squall::proxy {
namespace {

struct Make {
  const StageContext& context;
  using Made = std::unique_ptr<Stage>;

  Made operator()(const fault::Latency& latency) const {
    return std::make_unique<LatencyStage>(latency, context);
  }
  Made operator()(const fault::Bandwidth& bandwidth) const {
    return std::make_unique<BandwidthStage>(bandwidth, context);
  }
  Made operator()(const fault::SlowClose& close) const {
    return std::make_unique<SlowCloseStage>(close, context);
  }
  Made operator()(const fault::Timeout& timeout) const {
    return std::make_unique<TimeoutStage>(timeout, context);
  }
  Made operator()(const fault::ResetPeer& reset) const {
    return std::make_unique<CutStage>(context.now + reset.after, context);
  }
  Made operator()(const fault::BlackHole& hole) const {
    return std::make_unique<BlackHoleStage>(hole, context);
  }
  Made operator()(const fault::CutAfterBytes& cut) const {
    return std::make_unique<LimitStage>(cut.bytes, Chunk::Kind::kReset, context);
  }
  Made operator()(const fault::CutAfterTime& cut) const {
    return std::make_unique<CutStage>(std::max(context.now, context.opened + cut.age), context);
  }
  Made operator()(const fault::Slicer& slicer) const {
    return std::make_unique<SlicerStage>(slicer, context);
  }
  Made operator()(const fault::LimitData& limit) const {
    return std::make_unique<LimitStage>(limit.bytes, Chunk::Kind::kClose, context);
  }
  Made operator()(const fault::Refuse&) const { return nullptr; }
  Made operator()(const fault::HalfOpen&) const { return nullptr; }
  Made operator()(const fault::NatsFault&) const { return nullptr; }
};

}  // namespace

void Stage::run(base::Instant, Chunks&) {}
void Stage::heal(Chunks&) {}

void DelayLine::put(Chunk chunk, base::Instant due) {
  last_ = std::max(last_, due);
  held_ += chunk.bytes.size();
  waiting_.emplace_back(last_, std::move(chunk));
}

void DelayLine::run(base::Instant now, Chunks& out) {
  while (!waiting_.empty() && waiting_.front().first <= now) {
    held_ -= waiting_.front().second.bytes.size();
    out.push_back(std::move(waiting_.front().second));
    waiting_.pop_front();
  }
}

std::unique_ptr<Stage> make_stage(const fault::LinkAction& action, const StageContext& context) {
  return std::visit(Make{context}, action);
}

}  // namespace squall::proxy
