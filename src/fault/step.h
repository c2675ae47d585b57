// One step of a trial: a fault and what sets it off. Plain data; `squall plan` prints steps and the runner
// executes them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "fault/fault.h"

namespace squall::fault {

// Instants of the NATS protocol at which a link can hold a frame while a fault strikes.
enum class Moment {
  kBeforeAck,    // the target has acked a message; the ack has not reached the server
  kAfterAck,     // the ack has reached the server
  kAfterStore,   // the server has stored a publish of the target; its PubAck has not reached it
  kNthDelivery,  // a message is delivered to the target for the n-th time
};

struct AtTime {
  base::Nanos at{};  // from the beginning of the trial's fault phase

  bool operator==(const AtTime&) const = default;
};

struct AtMoment {
  Moment moment = Moment::kBeforeAck;
  std::string link;     // the link that watches; a process's own is called as the process
  std::string subject;  // of the message, may have wildcards; empty: any
  int nth = 1;          // kNthDelivery: the delivery count; else the nth time that the moment occurs
  base::Nanos from{};   // not before this, from the beginning of the fault phase

  bool operator==(const AtMoment&) const = default;
};

struct AfterFault {
  enum class End { kEffect, kHeal };
  std::string fault;  // the name of another step of the same trial
  End end = End::kHeal;
  base::Nanos wait{};

  bool operator==(const AfterFault&) const = default;
};

struct WhenProbe {
  enum class Becomes { kGreen, kRed };
  std::string probe;
  Becomes becomes = Becomes::kRed;
  base::Nanos wait{};

  bool operator==(const WhenProbe&) const = default;
};

using Trigger = std::variant<AtTime, AtMoment, AfterFault, WhenProbe>;

struct Step {
  Fault fault;  // `fault.at` equals AtTime::at, and is 0 for other triggers
  Trigger trigger;
  // Which replicas of the target are struck, from 0, ascending. Empty: all (also of targets without
  // replicas).
  std::vector<int> replicas;
  // For triggers that may never come: the trial is inconclusive this long after its fault phase began. Steps
  // of one trial with equal triggers strike together.
  base::Nanos give_up_after = std::chrono::seconds(30);

  bool operator==(const Step&) const = default;
};

// The steps of one trial, by time where they have one, in the file's order where they have not.
struct TrialSteps {
  int number = 0;  // from 1
  std::vector<Step> steps;

  bool operator==(const TrialSteps&) const = default;
};

std::string_view name_of(Moment moment);  // "before_ack"
// "at 3.00 s", "before_ack of orders", "1.00 s after the heal of kill-nats"
std::string describe(const Trigger& trigger);
// {"trial": 1, "steps": [{"fault": …, "when": {"at_ms": 3000}, "replicas": [0]}]}
nlohmann::json to_json(const TrialSteps& trial);

}  // namespace squall::fault
