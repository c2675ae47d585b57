// One direction of a proxied connection: reads from one peer, passes what came through the frame rules and
// the byte faults, writes to the other peer. Without faults bytes go from the shared buffer straight to the
// other socket; only what that does not take is kept here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/frame_cutter.h"
#include "proxy/nats_link.h"
#include "proxy/peer.h"
#include "proxy/stage.h"

namespace squall::proxy {

class LinkConnection;

// A fault that is put on a link, with what came of it. A change makes a new one with the same effect.
struct ActiveFault {
  fault::LinkFault fault;
  std::shared_ptr<FaultEffect> effect;
};
using ActiveFaults = std::vector<std::shared_ptr<const ActiveFault>>;

// Thread: the reactor's. Lifetime: part of its connection; after each call the connection may be closed.
class Lane {
 public:
  Lane(LinkConnection& connection, wire::Sender sender, Peer& source, Peer& sink)
      : connection_(connection), sender_(sender), source_(source), sink_(sink) {}

  // From here on frames are read.
  void read_frames() { cutter_ = std::make_unique<FrameCutter>(sender_); }

  void read();
  void flush();
  // What is due.
  void run(base::Instant now);
  // Puts these faults on, in this order; those that are not among them are healed.
  void put_on(const ActiveFaults& faults, base::Instant now);
  // Writes what the frame rules have given out, unless a frame is half through.
  void write_output();
  // Reads and forgets from here on: the other end is gone, and this one does not know.
  void discard();

  base::Instant due() const;
  std::size_t held() const;
  // Of a frame that has not come whole, while a fault has to see it whole.
  std::size_t unfinished() const;
  // Sets what is watched; after each change.
  void update_interest();
  bool wants_read() const;
  // All has been passed, the end of the stream too.
  bool ended() const { return ended_; }
  bool has_unwritten() const { return !pending().empty(); }
  bool at_frame_boundary() const { return cutter_ == nullptr || !cutter_->mid_frame(); }
  bool unreadable() const { return cutter_ != nullptr && cutter_->unreadable(); }

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t frames() const { return frames_; }

 private:
  struct Slot {
    std::shared_ptr<const ActiveFault> fault;
    std::unique_ptr<Stage> stage;
  };
  struct Cut;
  friend struct Cut;

  bool needs_whole() const;
  void received(std::string_view bytes);
  void source_ended();
  void finish_after_delays();
  void deliver(std::string_view bytes);
  void push(std::size_t stage, Chunks chunks, base::Instant now);
  void emit(Chunk& chunk);
  void write(std::string_view bytes);
  void written();
  std::string_view pending() const { return std::string_view(pending_).substr(pending_sent_); }

  LinkConnection& connection_;
  wire::Sender sender_;
  Peer& source_;
  Peer& sink_;
  std::unique_ptr<FrameCutter> cutter_;
  std::vector<Slot> stages_;
  std::string pending_;
  std::size_t pending_sent_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t frames_ = 0;
  bool source_ended_ = false;
  bool ends_after_delays_ = false;
  bool end_pending_ = false;
  bool close_pending_ = false;
  bool ended_ = false;
  bool discards_ = false;
  bool gave_output_ = false;
  std::string replacement_;  // of a frame that is rewritten
};

}  // namespace squall::proxy
