// The NATS faults and moments of one link, applied to its live connections. Sans-IO: the data path gives each
// frame to its NatsConnection and writes what it says. Start with NatsConnection::frame().
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/delivery_watch.h"
#include "proxy/nats_moments.h"
#include "proxy/nats_rules.h"

namespace squall::proxy {

class NatsConnection;

// Thread: one, the data path's. Lifetime: outlives its connections.
class NatsLink {
 public:
  // `seed` is the link's. `on_moment` is called from within frame(), or from within wrote() for kAfterAck; it
  // must not call back at once.
  NatsLink(base::Seed seed, std::function<void(const MomentEvent&)> on_moment)
      : rules_(seed), on_moment_(std::move(on_moment)) {}

  // Strikes live connections at once. Errors: not valid, or the name is taken.
  base::Result<void> add(fault::NatsFault fault, base::Instant now);
  // Lets everything pass that it held. False when there is no such fault.
  bool remove(std::string_view name);
  // All faults: heal.
  void remove_all();
  const std::vector<NatsRules::Status>& faults() const { return rules_.faults(); }

  base::Result<std::uint64_t> arm(MomentWatch watch);
  bool disarm(std::uint64_t watch);
  // False when it is over: released before, timed out, or its connection is gone.
  bool release(std::uint64_t event, Release how);
  bool holds(std::uint64_t event) const;

  // What is handed out is told from here on.
  void watch_deliveries(WatchedDeliveries watched) { deliveries_.emplace(std::move(watched)); }
  // What was since the last call. What a fault dropped was not.
  std::vector<HandedOut> handed_out() { return deliveries_ ? deliveries_->take() : std::vector<HandedOut>{}; }
  bool has_handed_out() const { return deliveries_ && !deliveries_->empty(); }

  // Bytes that all connections hold for faults and moments.
  std::size_t held_bytes() const { return held_bytes_; }
  // Moments that nobody released in time.
  std::uint64_t moments_timed_out() const { return timed_out_; }

 private:
  friend class NatsConnection;
  void needs_changed();
  bool idle() const { return rules_.empty() && moments_.empty(); }
  bool reads_messages() const { return !idle() || deliveries_; }

  NatsRules rules_;
  Moments moments_;
  std::optional<DeliveryWatch> deliveries_;
  std::function<void(const MomentEvent&)> on_moment_;
  std::vector<NatsConnection*> connections_;
  std::size_t held_bytes_ = 0;
  std::uint64_t timed_out_ = 0;
};

// One connection. "For" a sender means: in the direction in which it sends.
class NatsConnection {
 public:
  // `wake` is called when something became due outside of frame(): bytes to write, an end, reading again.
  NatsConnection(NatsLink& link, std::uint64_t number, std::function<void()> wake);
  ~NatsConnection();
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  enum class Passage {
    kAsItIs,  // write `bytes`; nothing else has to be written before them
    kTaken,   // dropped, held, changed: what is to be written stands in output()
  };
  // A frame came; `bytes` are what it came as. Write what passed before it first, then output(), and go on.
  Passage frame(wire::Sender sender, const wire::Frame& frame, std::string_view bytes, base::Instant now);

  // Whether frame() needs the whole frame in this direction; otherwise its control line will do, and the rest
  // passes unread.
  bool needs_whole_frames(wire::Sender sender) const {
    const Side& side = this->side(sender);
    return link_.reads_messages() || side.stall || !side.output.empty() || end_ != NatsDecision::End::kNone;
  }

  // What is to be written in this direction, now, in this order; whoever writes it clears it.
  std::string& output(wire::Sender sender) { return side(sender).output; }
  // All that was given out in this direction has been written.
  void wrote(wire::Sender sender);

  // When tick() has to be called; nothing: not before something happens.
  std::optional<base::Instant> due() const;
  void tick(base::Instant now);

  // Whether the data path may read from that side.
  bool reads(wire::Sender sender) const { return side(sender).stops.empty(); }
  // The connection is to end, once the outputs are written.
  NatsDecision::End end() const { return end_; }
  // That side has closed: what a moment holds of it is gone, since who sent it is dead. What is delayed still
  // passes: wait until delays() is false before the other side is closed.
  void closed(wire::Sender sender);
  bool delays(wire::Sender sender) const;
  std::size_t held_bytes() const { return held_bytes_; }

  const NatsTracker& tracker() const { return tracker_; }
  std::uint64_t number() const { return number_; }
  // Frames of that direction that faults struck.
  std::uint64_t struck(wire::Sender sender) const { return side(sender).struck; }
  std::uint64_t frames(wire::Sender sender) const { return side(sender).frames; }

 private:
  friend class NatsLink;

  // A frame that passes later.
  struct Held {
    NatsFaultId fault = 0;
    std::string bytes;
  };
  // A direction that stands still for a moment.
  struct Stall {
    MomentEvent event;
    base::Instant until{};
    bool announced = false;  // kAfterAck is announced when the ack is written
    std::string first;       // the frame itself, unless it has passed
    std::string behind;      // what came after it
  };
  struct Side {
    std::string output;
    std::multimap<base::Instant, Held> held;    // by when they pass
    std::map<NatsFaultId, base::Instant> last;  // of the frames that a fault delays: keeps their order
    std::optional<Stall> stall;
    std::vector<NatsFaultId> stops;  // faults for which nothing is read from this side
    std::uint64_t frames = 0;
    std::uint64_t struck = 0;
  };

  Side& side(wire::Sender sender) { return sides_[sender == wire::Sender::kClient ? 0 : 1]; }
  const Side& side(wire::Sender sender) const { return sides_[sender == wire::Sender::kClient ? 0 : 1]; }

  bool moment(wire::Sender sender, const Sighting& sighting, std::string_view bytes, base::Instant now);
  Passage decided(wire::Sender sender, NatsDecision decision, std::string_view bytes, base::Instant now);
  void established(base::Instant now);
  void strike(NatsFaultId fault);
  void strike_connection(const std::vector<NatsDecision>& decisions);
  // Towards the output, or behind what stands still.
  void emit(wire::Sender sender, std::string_view bytes);
  void hold(wire::Sender sender, base::Instant until, Held held);
  void let_go(Side& side, std::multimap<base::Instant, Held>::iterator at, wire::Sender sender);
  bool swap(wire::Sender sender, NatsFaultId fault, std::string_view bytes);
  void healed(NatsFaultId fault);
  bool release(std::uint64_t event, Release how);
  bool holds(std::uint64_t event) const;
  void release(wire::Sender sender, Release how);
  void count_held(std::ptrdiff_t bytes);

  NatsLink& link_;
  std::uint64_t number_;
  std::function<void()> wake_;
  NatsTracker tracker_;
  std::array<Side, 2> sides_;
  NatsDecision::End end_ = NatsDecision::End::kNone;
  bool is_established_ = false;
  std::size_t held_bytes_ = 0;
};

}  // namespace squall::proxy
