// What a trial's ledger says of its faults: the work that each struck, and how the system came back from it.
//
// Every fault has clocks of its own, from the instant at which it took effect. A trial's clocks are the worst
// of its faults', so that a loss to its last fault cannot hide behind a good recovery from its first.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "check/disturbance.h"
#include "check/fault_window.h"
#include "check/recovery.h"
#include "experiment/experiment.h"
#include "ledger/ledger.h"
#include "report/run_report.h"
#include "run/strike.h"

namespace squall::run {

// Of a fault that was seen to take effect.
struct FaultOnRecord {
  std::string what;  // "SIGKILL to orders (pid 4711)"
  check::FaultWindow window;
  bool held_unfinished = false;                  // it struck at a moment whose message was not done with
  std::optional<base::Nanos> operational_after;  // since its effect, by the probes; nothing: never
};

// `works_from`: see check::FaultWindow. In the order in which they took effect. Those without an effect are
// left out: they proved nothing.
std::vector<FaultOnRecord> faults_on_record(const std::vector<Struck>& struck, base::Instant observed_from,
                                            base::Instant observed_until,
                                            std::optional<base::Instant> works_from = {});

// When the work is back as well. Where effects may be missing, what waits and what is gone look the same:
// then new work that flows again must do, unless a clock that stops later is judged.
std::optional<base::Nanos> back_of(const check::Recovery& recovery, const experiment::Experiment& experiment);
// What is reported as caught up, at the end of a trial: where effects may be missing, without those that are.
std::optional<base::Nanos> caught_up_at_end(const check::Recovery& recovery,
                                            const experiment::Experiment& experiment);

// From the strike until the system was back, and until what was sent meanwhile was done: what went to a dead
// process's connection comes again together with what that held, some of it when what it held is done
// already.
check::Disturbance disturbance_of(const check::FaultWindow& window, const ledger::Ledger& ledger,
                                  const experiment::Experiment& experiment);

// From all of them, as the ledger shows it by the windows' end.
bool is_back_from_all(const ledger::Ledger& ledger, std::span<const FaultOnRecord> faults,
                      const experiment::Experiment& experiment);

// Adds what this fault struck to the trial's `hits`; returns how much that is.
std::uint64_t add_hits(report::TrialReport& report, const ledger::Ledger& ledger,
                       const check::FaultWindow& window);

// Fills the clocks, `hits` and `faults`; returns why a clock never stopped, or nothing. An
// input that two faults struck is a hit of both.
std::string fill_recovery(report::TrialReport& report, const ledger::Ledger& ledger,
                          std::span<const FaultOnRecord> faults, const experiment::Experiment& experiment);

// A fault of the trial with that index.
struct TrialStrike {
  std::size_t trial = 0;
  check::FaultWindow window;
};
// After the final drain, with windows that last until then, in the order of trials and faults: where effects
// may be missing, what a trial had left out for lost may have come since, and then it was late. A note says
// so.
void measure_again(report::CaseReport& report, std::span<const TrialStrike> strikes,
                   const ledger::Ledger& ledger, const experiment::Experiment& experiment);

// Why a service that works is not caught up by then: it is behind its load, and does hardly more than that;
// empty: it is not behind, or stands still.
std::string why_behind(const ledger::Ledger& ledger, base::Instant until);

// Fills `acked`, `failed` and `unknown` of the inputs attempted from then on.
void fill_outcomes(report::TrialReport& report, const ledger::Ledger& ledger, base::Instant observed_from);

}  // namespace squall::run
