// Moments of a link: instants of the NATS protocol at which a frame is held while somebody acts (kills) at
// exactly that point. A watch says what to wait for; when it occurs, the direction of its connection stands
// still from that frame on, an event is handed out, and whoever got it lets go. Nobody letting go ends it,
// too: no frame is held for ever. Sans-IO.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fault/step.h"
#include "proxy/nats_rules.h"
#include "proxy/nats_tracker.h"

namespace squall::proxy {

struct MomentWatch {
  fault::Moment moment = fault::Moment::kBeforeAck;
  std::string subject;    // of the message, may have wildcards; empty: any
  std::string stream;     // these with `*` for any characters; empty: any
  std::string consumer;   //
  std::string client;     //
  std::uint64_t nth = 1;  // the n-th time that it occurs
  // kNthDelivery: only messages that are delivered for that time.
  std::optional<std::uint64_t> delivered;
  bool each = false;                              // again and again, each n-th time; else once
  base::Nanos longest = std::chrono::seconds{5};  // then the frame is released by itself

  bool operator==(const MomentWatch&) const = default;
};
// As a schedule says it.
MomentWatch watch_of(const fault::AtMoment& at);

struct MomentEvent {
  std::uint64_t id = 0;     // of this occurrence
  std::uint64_t watch = 0;  // as arm() called it
  fault::Moment moment{};
  std::uint64_t connection = 0;
  std::string client;
  std::string subject;  // of the message; empty when its delivery was not seen
  std::string stream;
  std::string consumer;          // empty: kAfterStore
  std::uint64_t stream_seq = 0;  //
  std::uint64_t delivered = 0;   // 0: kAfterStore

  bool operator==(const MomentEvent&) const = default;
};
// "before_ack of ORDERS#601 by orders-1 (worker, delivery 1, orders.created)"
std::string describe(const MomentEvent& event);

// How a held direction goes on.
enum class Release {
  kPass,  // the frame and all behind it
  kDrop,  // all but the frame; the same as kPass where the frame has passed already (kAfterAck)
  kCut,   // the connection is reset, and what was held is gone with it
};

class Moments {
 public:
  // Errors: no valid subject pattern, nth of 0, a time that is not above 0.
  base::Result<std::uint64_t> arm(MomentWatch watch);
  // False when there is no such watch. What it holds goes on by its own release.
  bool disarm(std::uint64_t watch);
  bool empty() const { return armed_.empty(); }

  struct Occurrence {
    MomentEvent event;
    base::Nanos longest{};
    bool passes_first = false;  // kAfterAck: the frame passes, and what is behind it is held
  };
  // Whether this frame is such a moment.
  std::optional<Occurrence> occurs(std::uint64_t connection, const Sighting& sighting,
                                   const NatsTracker& tracker);

 private:
  struct Armed {
    std::uint64_t id = 0;
    MomentWatch watch;
    std::uint64_t seen = 0;
  };

  std::vector<Armed> armed_;
  std::uint64_t last_watch_ = 0;
  std::uint64_t last_event_ = 0;
};

}  // namespace squall::proxy
