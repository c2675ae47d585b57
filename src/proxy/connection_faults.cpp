// What the faults of a link make of one of its connections.
#include <algorithm>

#include "proxy/link.h"
#include "proxy/link_connection.h"

namespace squall::proxy {

using fault::LinkStream;
using wire::Sender;

bool LinkConnection::is_touched_by(const ActiveFault& active) const {
  const fault::LinkFault& fault = active.fault;
  if (!fault.enabled || is_nats(fault) || std::holds_alternative<fault::Refuse>(fault.action)) return false;
  return link_.chooses(fault, number_);
}

std::optional<LinkStream> LinkConnection::half_open_side() const {
  for (const auto& active : link_.faults()) {
    if (std::holds_alternative<fault::HalfOpen>(active->fault.action) && is_touched_by(*active)) {
      return active->fault.stream;
    }
  }
  return std::nullopt;
}

void LinkConnection::put_on_faults() {
  if (!is_open()) return;
  const auto self = shared_from_this();
  ActiveFaults up;
  ActiveFaults down;
  for (const auto& active : link_.faults()) {
    if (!is_touched_by(*active)) continue;
    if (std::ranges::find(touched_by_, active->effect) == touched_by_.end()) {
      touched_by_.push_back(active->effect);
      ++active->effect->connections;
    }
    if (active->fault.stream != LinkStream::kDownstream) up.push_back(active);
    if (active->fault.stream != LinkStream::kUpstream) down.push_back(active);
  }
  const auto dead = half_open_side();
  if (state_ == State::kHalfOpen && !dead) return reset("half open until now");
  if (state_ == State::kHalfOpen) return;
  const base::Instant now = base::now();
  up_.put_on(up, now);
  if (is_open()) down_.put_on(down, now);
  if (is_open() && dead) go_half_open(*dead);
  if (state_ != State::kNew) settle();
}

void LinkConnection::go_half_open(LinkStream dead) {
  if (dead == LinkStream::kUpstream) {
    server_.reset();
    up_.discard();
  } else {
    client_.reset();
    down_.discard();
  }
  if (state_ != State::kThrough && dead != LinkStream::kUpstream) return reset("half open");
  state_ = State::kHalfOpen;
  nats_.reset();
  report_held();
  update_interest();
  disarm();
}

StageContext LinkConnection::stage_context(const ActiveFault& active, Sender sender,
                                           base::Instant now) const {
  return {.now = now,
          .opened = opened_,
          .seed = link_.fault_seed(active.fault, number_).derive(sender == Sender::kClient ? "up" : "down"),
          .effect = active.effect};
}

}  // namespace squall::proxy
