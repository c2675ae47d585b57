// The NATS faults of one link, and what each frame's fate is under them. Sans-IO: a decision is a value, and
// who carries it out is nats_filter.h. The first fault that strikes a frame decides; the others do not see
// it.
//
// Choices with a probability are a pure function of (seed, fault, connection, direction, frame number): the
// same traffic under the same seed meets the same fate. The limits from, every and count go over all
// connections of the link, in the order in which their frames came.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/seed.h"
#include "fault/nats_fault.h"
#include "proxy/nats_tracker.h"

namespace squall::proxy {

using NatsFaultId = std::uint64_t;  // from 1; never used again

// What becomes of one frame.
struct NatsDecision {
  enum class Fate {
    kPass,
    kDrop,
    kDelay,  // passes after `delay`
    kSwap,   // passes after the next one of the same fault, or after `delay`
    kHold,   // passes when the fault is removed
  };
  enum class End { kNone, kClose, kReset };

  NatsFaultId fault = 0;  // 0: none struck
  Fate fate = Fate::kPass;
  base::Nanos delay{};
  std::uint64_t copies = 0;            // how often it passes besides
  std::optional<std::string> instead;  // bytes that take the frame's place
  std::string answer;                  // bytes for the client, now
  End end = End::kNone;                // the connection ends, once `answer` is written
  std::optional<wire::Sender> stop_reading;
};

// Which connection, direction and frame a decision is for.
struct FrameAt {
  std::uint64_t connection = 1;  // its number on the link
  wire::Sender sender{};
  std::uint64_t frame = 1;  // its number in this direction of the connection
};

class NatsRules {
 public:
  // `seed` is the link's.
  explicit NatsRules(base::Seed seed) : seed_(seed) {}

  // Errors: not valid, or the name is taken.
  base::Result<NatsFaultId> add(fault::NatsFault fault);
  // Nothing when there is no such fault. Who holds frames for it lets them pass.
  std::optional<NatsFaultId> remove(std::string_view name);
  bool empty() const { return rules_.empty(); }
  // What connections must remember for these faults.
  NatsTracker::Needs needs() const;

  // `sighting` is what the tracker makes of `frame`.
  NatsDecision decide(const FrameAt& at, const Sighting& sighting, const wire::Frame& frame,
                      const NatsTracker& tracker);
  // For the connection itself: all the decisions of the faults of kind connection. `is_new`: it has just been
  // established; else it lived when the fault `only` began.
  std::vector<NatsDecision> decide_connection(std::uint64_t connection, const NatsTracker& tracker,
                                              bool is_new, std::optional<NatsFaultId> only = {});

  struct Status {
    NatsFaultId id = 0;
    fault::NatsFault fault;
    std::uint64_t matched = 0;
    std::uint64_t struck = 0;
  };
  const std::vector<Status>& faults() const { return rules_; }

 private:
  bool strikes(Status& rule, const FrameAt& at) const;

  base::Seed seed_;
  std::vector<Status> rules_;
  NatsFaultId last_id_ = 0;
};

// `*` in the pattern stands for any characters.
bool glob_matches(std::string_view pattern, std::string_view text);
// Whether the frame meets every criterion, limits aside.
bool matches(const fault::NatsMatch& match, const FrameAt& at, const Sighting& sighting,
             const wire::Frame& frame, const NatsTracker& tracker);

}  // namespace squall::proxy
