// The two clocks of recovery of one fault, measured on the workload itself, and the bound that the
// configuration puts on the second.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "check/fault_window.h"
#include "ledger/ledger.h"

namespace squall::check {

// Durations run from the instant at which the fault took effect. Nothing = never while it was watched.
struct Recovery {
  // New work flows again: the first final effect of an input attempted after the fault.
  std::optional<base::Nanos> first_output;
  // The first effect of any stage and any input that was stored after the heal, counted from the heal.
  std::optional<base::Nanos> first_effect_after_heal;
  // Everything sent before the fault was over and accepted is done, the backlog is back at its level of
  // before, and new work flows: the latest of the three.
  std::optional<base::Nanos> caught_up;
  // The same without the inputs that were never finished: for whoever permits some to be lost.
  std::optional<base::Nanos> caught_up_but_missing;
  // The last final effect among the inputs sent before the fault was over that were finished after it took
  // effect ("the others' work"); nothing if none was.
  std::optional<base::Nanos> struck_work_done;

  std::uint64_t never_finished = 0;  // of the accepted inputs sent before the fault was over
  std::uint64_t peak_backlog = 0;    // accepted and unfinished, at its worst after the fault
  std::uint64_t normal_backlog = 0;  // the same, at its worst in the second before any fault of the trial
  double normal_rate = 0;            // final effects per second in that second
  base::Nanos observed_for{0};       // after the fault; what a censored clock is longer than
  std::string censored_because;      // empty when all clocks have a value
  // False: too many inputs came since for their times to be known. No clock has a value, and none was late.
  bool measured = true;

  bool operator==(const Recovery&) const = default;
};

// Nothing is measured, and `censored_because` says so, where the times of the window's inputs are not all
// known any more.
Recovery measure_recovery(const ledger::Ledger& ledger, const FaultWindow& window);

// The clocks of a trial of several faults: each is the worst of theirs, and never where one of them never
// stopped. The counts are the worst as well.
Recovery worst_of(std::span<const Recovery> recoveries);

struct CaughtUpBound {
  base::Nanos down_time{0};  // from the fault to the heal
  base::Nanos ack_wait{0};   // what a dead process held comes back after this long, whatever anybody does
  std::uint64_t backlog = 0;
  double rate = 0;       // inputs per second that the system is known to do
  base::Nanos slack{0};  // reconnect, restart, redelivery timers
};
// down_time + ack_wait + backlog/rate + slack. Without a rate the backlog has no bound: nothing.
std::optional<base::Nanos> caught_up_bound(const CaughtUpBound& inputs);

}  // namespace squall::check
