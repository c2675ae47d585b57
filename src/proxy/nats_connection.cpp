#include <algorithm>

#include "proxy/nats_link.h"

namespace squall::proxy {
namespace {

using End = NatsDecision::End;
using Fate = NatsDecision::Fate;
using wire::Sender;

constexpr std::array kSenders{Sender::kClient, Sender::kServer};
// Held until its fault is removed.
constexpr base::Instant kNever = base::Instant::max();

}  // namespace

NatsConnection::NatsConnection(NatsLink& link, std::uint64_t number, std::function<void()> wake)
    : link_(link), number_(number), wake_(std::move(wake)) {
  link_.connections_.push_back(this);
  link_.needs_changed();
}

NatsConnection::~NatsConnection() {
  count_held(-static_cast<std::ptrdiff_t>(held_bytes_));
  std::erase(link_.connections_, this);
}

NatsConnection::Passage NatsConnection::frame(Sender sender, const wire::Frame& frame, std::string_view bytes,
                                              base::Instant now) {
  Side& side = this->side(sender);
  ++side.frames;
  if (end_ != End::kNone) return Passage::kTaken;
  if (link_.idle() && !side.stall && side.output.empty()) {
    tracker_.pass(sender, frame);
    if (link_.deliveries_) link_.deliveries_->see(frame, now);
    if (!is_established_ && tracker_.established()) is_established_ = true;
    return Passage::kAsItIs;
  }
  const Sighting sighting = tracker_.see(sender, frame);
  Passage passage = Passage::kTaken;
  std::uint64_t handed_out = 1;  // times
  if (side.stall || !moment(sender, sighting, bytes, now)) {
    const FrameAt at{.connection = number_, .sender = sender, .frame = side.frames};
    NatsDecision decision = link_.rules_.decide(at, sighting, frame, tracker_);
    handed_out = decision.fate == Fate::kDrop ? 0 : 1 + decision.copies;
    passage = decided(sender, std::move(decision), bytes, now);
  }
  for (; link_.deliveries_ && handed_out > 0; --handed_out) link_.deliveries_->see(frame, now);
  if (!is_established_ && tracker_.established()) established(now);
  return passage;
}

NatsConnection::Passage NatsConnection::decided(Sender sender, NatsDecision decision, std::string_view bytes,
                                                base::Instant now) {
  Side& side = this->side(sender);
  if (decision.fault == 0 && !side.stall && side.output.empty()) return Passage::kAsItIs;
  if (decision.fault != 0) ++side.struck;
  const std::string_view passing = decision.instead ? std::string_view(*decision.instead) : bytes;
  switch (decision.fate) {
    case Fate::kPass:
      for (std::uint64_t i = 0; i <= decision.copies; ++i) emit(sender, passing);
      break;
    case Fate::kDrop:
      break;
    case Fate::kDelay: {
      base::Instant& last = side.last[decision.fault];
      last = std::max(last, now + decision.delay);
      hold(sender, last, {.fault = decision.fault, .bytes = std::string(passing)});
      break;
    }
    case Fate::kSwap:
      if (!swap(sender, decision.fault, passing)) {
        hold(sender, now + decision.delay, {.fault = decision.fault, .bytes = std::string(passing)});
      }
      break;
    case Fate::kHold:
      hold(sender, kNever, {.fault = decision.fault, .bytes = std::string(passing)});
      break;
  }
  // An answer of ours does not wait behind a moment: it comes from no one whose order could be broken.
  this->side(Sender::kServer).output += decision.answer;
  if (decision.end != End::kNone) end_ = decision.end;
  if (decision.stop_reading) this->side(*decision.stop_reading).stops.push_back(decision.fault);
  return Passage::kTaken;
}

bool NatsConnection::moment(Sender sender, const Sighting& sighting, std::string_view bytes,
                            base::Instant now) {
  if (link_.moments_.empty()) return false;
  auto occurrence = link_.moments_.occurs(number_, sighting, tracker_);
  if (!occurrence) return false;
  Side& side = this->side(sender);
  Stall stall{.event = std::move(occurrence->event), .until = now + occurrence->longest};
  if (occurrence->passes_first) {
    emit(sender, bytes);
  } else {
    stall.first = bytes;
    stall.announced = true;
    count_held(static_cast<std::ptrdiff_t>(bytes.size()));
  }
  side.stall = std::move(stall);
  if (side.stall->announced) link_.on_moment_(side.stall->event);
  return true;
}

void NatsConnection::wrote(Sender sender) {
  Side& side = this->side(sender);
  if (!side.stall || side.stall->announced) return;
  side.stall->announced = true;
  link_.on_moment_(side.stall->event);
}

void NatsConnection::established(base::Instant) {
  is_established_ = true;
  strike_connection(link_.rules_.decide_connection(number_, tracker_, /*is_new=*/true));
}

void NatsConnection::strike(NatsFaultId fault) {
  const auto decisions = link_.rules_.decide_connection(number_, tracker_, /*is_new=*/false, fault);
  if (decisions.empty()) return;
  strike_connection(decisions);
  wake_();
}

void NatsConnection::strike_connection(const std::vector<NatsDecision>& decisions) {
  for (const NatsDecision& decision : decisions) {
    if (end_ != End::kNone) return;
    side(Sender::kServer).output += decision.answer;
    if (decision.end != End::kNone) end_ = decision.end;
    if (decision.stop_reading) side(*decision.stop_reading).stops.push_back(decision.fault);
  }
}

void NatsConnection::emit(Sender sender, std::string_view bytes) {
  Side& side = this->side(sender);
  if (side.stall) {
    side.stall->behind += bytes;
    count_held(static_cast<std::ptrdiff_t>(bytes.size()));
  } else {
    side.output += bytes;
  }
}

void NatsConnection::hold(Sender sender, base::Instant until, Held held) {
  count_held(static_cast<std::ptrdiff_t>(held.bytes.size()));
  side(sender).held.emplace(until, std::move(held));
}

void NatsConnection::let_go(Side& from, std::multimap<base::Instant, Held>::iterator at, Sender sender) {
  const Held held = std::move(at->second);
  from.held.erase(at);
  count_held(-static_cast<std::ptrdiff_t>(held.bytes.size()));
  emit(sender, held.bytes);
}

bool NatsConnection::swap(Sender sender, NatsFaultId fault, std::string_view bytes) {
  Side& side = this->side(sender);
  const auto waiting =
      std::ranges::find_if(side.held, [fault](const auto& entry) { return entry.second.fault == fault; });
  if (waiting == side.held.end()) return false;
  emit(sender, bytes);
  let_go(side, waiting, sender);
  return true;
}

std::optional<base::Instant> NatsConnection::due() const {
  std::optional<base::Instant> first;
  const auto consider = [&first](base::Instant instant) {
    if (instant != kNever && (!first || instant < *first)) first = instant;
  };
  for (const Side& side : sides_) {
    if (!side.held.empty()) consider(side.held.begin()->first);
    if (side.stall) consider(side.stall->until);
  }
  return first;
}

void NatsConnection::tick(base::Instant now) {
  for (const Sender sender : kSenders) {
    Side& side = this->side(sender);
    if (side.stall && side.stall->until <= now) {
      ++link_.timed_out_;
      release(sender, Release::kPass);
    }
    while (!side.held.empty() && side.held.begin()->first <= now) let_go(side, side.held.begin(), sender);
  }
}

void NatsConnection::healed(NatsFaultId fault) {
  bool changed = false;
  for (const Sender sender : kSenders) {
    Side& side = this->side(sender);
    for (auto at = side.held.begin(); at != side.held.end();) {
      const auto here = at++;
      if (here->second.fault != fault) continue;
      let_go(side, here, sender);
      changed = true;
    }
    side.last.erase(fault);
    changed = std::erase(side.stops, fault) > 0 || changed;
  }
  if (changed) wake_();
}

bool NatsConnection::release(std::uint64_t event, Release how) {
  for (const Sender sender : kSenders) {
    const Side& side = this->side(sender);
    if (!side.stall || side.stall->event.id != event) continue;
    release(sender, how);
    wake_();
    return true;
  }
  return false;
}

bool NatsConnection::holds(std::uint64_t event) const {
  return std::ranges::any_of(
      sides_, [event](const Side& side) { return side.stall && side.stall->event.id == event; });
}

void NatsConnection::release(Sender sender, Release how) {
  Side& side = this->side(sender);
  const Stall stall = *std::move(side.stall);
  side.stall.reset();
  count_held(-static_cast<std::ptrdiff_t>(stall.first.size() + stall.behind.size()));
  if (how == Release::kCut) {
    end_ = End::kReset;
    return;
  }
  if (how == Release::kPass) emit(sender, stall.first);
  emit(sender, stall.behind);
}

void NatsConnection::closed(Sender sender) {
  Side& side = this->side(sender);
  if (!side.stall) return;
  count_held(-static_cast<std::ptrdiff_t>(side.stall->first.size() + side.stall->behind.size()));
  side.stall.reset();
}

bool NatsConnection::delays(Sender sender) const {
  return std::ranges::any_of(side(sender).held, [](const auto& entry) { return entry.first != kNever; });
}

void NatsConnection::count_held(std::ptrdiff_t bytes) {
  held_bytes_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(held_bytes_) + bytes);
  link_.held_bytes_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(link_.held_bytes_) + bytes);
}

}  // namespace squall::proxy
