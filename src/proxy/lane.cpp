#include "proxy/lane.h"

#include <algorithm>
#include <cstring>

#include "proxy/link_connection.h"

namespace squall::proxy {
namespace {

// What may wait for a slow reader before its sender is no longer read, while faults keep things moving.
constexpr std::size_t kMostPending = Reactor::kBufferSize;

}  // namespace

// What the frame cutter asks, and tells.
struct Lane::Cut {
  Lane& lane;
  base::Instant now;

  bool needs_whole() const { return lane.needs_whole(); }
  bool goes_on() const { return lane.connection_.is_open(); }
  void run(std::string_view bytes) const { lane.deliver(bytes); }
  void taken() const {
    if (!lane.replacement_.empty()) lane.deliver(std::exchange(lane.replacement_, {}));
    lane.write_output();
  }
  bool passes(const wire::Frame& frame, std::string_view bytes) const {
    ++lane.frames_;
    NatsConnection& nats = *lane.connection_.nats();
    if (const auto* info = std::get_if<wire::Info>(&frame)) {
      if (auto rewritten = lane.connection_.rewritten(*info)) {
        const std::string_view json = std::string_view(*rewritten).substr(5, rewritten->size() - 7);
        if (nats.frame(lane.sender_, wire::Info{json}, *rewritten, now) == NatsConnection::Passage::kAsItIs) {
          lane.replacement_ = *std::move(rewritten);
        }
        return false;
      }
    }
    return nats.frame(lane.sender_, frame, bytes, now) == NatsConnection::Passage::kAsItIs;
  }
};

bool Lane::needs_whole() const { return connection_.nats()->needs_whole_frames(sender_); }

void Lane::read() {
  if (!wants_read()) return;
  const std::span<char> room = connection_.reactor().buffer();
  std::size_t carried = 0;
  if (cutter_ && !cutter_->carried().empty()) {
    std::string& start = cutter_->carried();
    if (cutter_->wanted() > room.size() / 2) {  // a large frame comes together where it is
      const std::size_t old = start.size();
      start.resize(old + std::min(cutter_->wanted() - old, room.size()));
      const IoResult result = source_.receive(std::span(start).subspan(old));
      start.resize(old + result.size);
      bytes_ += result.size;
      if (result.status == IoStatus::kEnd) return source_ended();
      if (result.status == IoStatus::kLost) return connection_.lost_reading(source_);
      if (start.size() >= cutter_->wanted()) received(cutter_->take_carried());
      return;
    }
    carried = start.size();
    std::memcpy(room.data(), start.data(), carried);
  }
  const IoResult result = source_.receive(room.subspan(carried));
  bytes_ += result.size;
  switch (result.status) {
    case IoStatus::kDone:
      if (carried > 0) cutter_->take_carried();
      received({room.data(), carried + result.size});
      break;
    case IoStatus::kAgain:
      break;
    case IoStatus::kEnd:
      source_ended();
      break;
    case IoStatus::kLost:
      connection_.lost_reading(source_);
      break;
  }
}

void Lane::received(std::string_view bytes) {
  if (discards_) return;
  if (!cutter_) return deliver(bytes);
  const bool was_unreadable = cutter_->unreadable();
  if (!cutter_->cut(bytes, Cut{*this, base::now()}) && !was_unreadable) connection_.say_unreadable(sender_);
  if (connection_.is_open()) write_output();
}

void Lane::source_ended() {
  source_ended_ = true;
  if (connection_.is_losing()) return;  // a reset ends it
  if (discards_) return connection_.close("the end that was left has closed");
  if (cutter_) {
    const std::string rest = cutter_->take_carried();
    if (!rest.empty()) deliver(rest);
    if (!connection_.is_open()) return;
    connection_.nats()->closed(sender_);
    ends_after_delays_ = true;
    return finish_after_delays();
  }
  Chunks end;
  end.push_back({.kind = Chunk::Kind::kEnd, .bytes = {}});
  push(0, std::move(end), base::now());
}

void Lane::finish_after_delays() {
  if (!ends_after_delays_ || connection_.nats()->delays(sender_)) return;
  ends_after_delays_ = false;
  write_output();
  Chunks end;
  end.push_back({.kind = Chunk::Kind::kEnd, .bytes = {}});
  if (connection_.is_open()) push(0, std::move(end), base::now());
}

void Lane::deliver(std::string_view bytes) {
  if (bytes.empty()) return;
  if (stages_.empty()) return write(bytes);
  Chunks chunks;
  chunks.push_back({.bytes = std::string(bytes)});
  push(0, std::move(chunks), base::now());
}

void Lane::push(std::size_t stage, Chunks chunks, base::Instant now) {
  for (; stage < stages_.size() && !chunks.empty(); ++stage) {
    Chunks passed;
    for (Chunk& chunk : chunks) stages_[stage].stage->take(std::move(chunk), now, passed);
    chunks = std::move(passed);
  }
  for (Chunk& chunk : chunks) {
    if (!connection_.is_open()) return;
    emit(chunk);
  }
}

void Lane::emit(Chunk& chunk) {
  switch (chunk.kind) {
    case Chunk::Kind::kBytes:
      return write(chunk.bytes);
    case Chunk::Kind::kEnd:
      end_pending_ = true;
      return written();
    case Chunk::Kind::kClose:
      close_pending_ = true;
      return written();
    case Chunk::Kind::kReset:
      return connection_.reset("reset by a fault");
  }
}

void Lane::write(std::string_view bytes) {
  if (ended_ || end_pending_ || close_pending_) return;
  if (pending().empty()) {
    const IoResult result = sink_.send(bytes);
    if (result.status == IoStatus::kLost) return connection_.lost_writing(sink_);
    bytes.remove_prefix(result.size);
    if (bytes.empty()) return;
  }
  if (pending_sent_ > kMostPending) {
    pending_.erase(0, pending_sent_);
    pending_sent_ = 0;
  }
  pending_ += bytes;
}

void Lane::flush() {
  while (!pending().empty()) {
    const IoResult result = sink_.send(pending());
    if (result.status == IoStatus::kLost) return connection_.lost_writing(sink_);
    if (result.status == IoStatus::kAgain) return;
    pending_sent_ += result.size;
  }
  std::string().swap(pending_);  // an idle connection keeps no room
  pending_sent_ = 0;
  written();
}

void Lane::written() {
  if (!pending().empty()) return;
  if (close_pending_) return connection_.close("closed by a fault");
  if (!end_pending_ || ended_) return;
  ended_ = true;
  sink_.end_writing();
}

void Lane::run(base::Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].stage->due() > now) continue;
    Chunks passed;
    stages_[i].stage->run(now, passed);
    push(i + 1, std::move(passed), now);
    if (!connection_.is_open()) return;
  }
  if (connection_.nats() != nullptr) finish_after_delays();
}

void Lane::put_on(const ActiveFaults& faults, base::Instant now) {
  for (std::size_t i = 0; i < stages_.size();) {
    if (std::ranges::find(faults, stages_[i].fault) != faults.end()) {
      ++i;
      continue;
    }
    const Slot healed = std::move(stages_[i]);
    stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(i));
    Chunks passed;
    healed.stage->heal(passed);
    push(i, std::move(passed), now);
    if (!connection_.is_open()) return;
  }
  for (const auto& active : faults) {
    if (std::ranges::find(stages_, active, &Slot::fault) != stages_.end()) continue;
    auto stage = make_stage(active->fault.action, connection_.stage_context(*active, sender_, now));
    if (stage) stages_.push_back({active, std::move(stage)});
  }
}

void Lane::write_output() {
  NatsConnection* const nats = connection_.nats();
  if (nats == nullptr) return;
  std::string& output = nats->output(sender_);
  if (!output.empty() && !cutter_->mid_frame()) {
    gave_output_ = true;
    deliver(std::exchange(output, {}));
  }
  if (!gave_output_ || !connection_.is_open() || !output.empty() || !pending().empty() || held() > 0) return;
  gave_output_ = false;
  nats->wrote(sender_);
}

void Lane::discard() {
  discards_ = true;
  pending_.clear();
  pending_sent_ = 0;
  stages_.clear();
}

base::Instant Lane::due() const {
  base::Instant first = kNotDue;
  for (const Slot& slot : stages_) first = std::min(first, slot.stage->due());
  return first;
}

std::size_t Lane::held() const {
  if (stages_.empty()) return 0;
  std::size_t size = pending().size();
  for (const Slot& slot : stages_) size += slot.stage->held();
  return size;
}

std::size_t Lane::unfinished() const {
  // A half-open connection reads no NATS any more.
  if (connection_.nats() == nullptr || !cutter_ || discards_ || !needs_whole()) return 0;
  return cutter_->carried().size();
}

bool Lane::wants_read() const {
  if (source_ended_ || !source_.is_open()) return false;
  if (discards_) return true;
  if (connection_.link_drains()) return false;
  if (!connection_.is_through() || ended_ || end_pending_ || close_pending_) return false;
  if (stages_.empty() ? !pending().empty() : pending().size() >= kMostPending) return false;
  const NatsConnection* const nats = connection_.nats();
  if (nats != nullptr && !nats->reads(sender_)) return false;
  const bool may_hold = !stages_.empty() || (nats != nullptr && needs_whole());
  if (may_hold && connection_.link_is_full() && !(unfinished() > 0 && connection_.may_finish_frame()))
    return false;
  return std::ranges::all_of(stages_, [](const Slot& slot) { return slot.stage->accepts(); });
}

void Lane::update_interest() {
  source_.want_read(wants_read());
  if (connection_.is_through()) sink_.want_write(!pending().empty());
}

}  // namespace squall::proxy
