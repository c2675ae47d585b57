// What the faults of a trial were to the promises of NATS, as ledger records: losses are judged by them.
#pragma once

#include <cstdint>
#include <vector>

#include "fault/step.h"
#include "ledger/circumstance.h"
#include "report/run_report.h"
#include "run/strike.h"

namespace squall::run {

// What a fault does to the servers' promise to keep what they acknowledged. Pure.
ledger::FaultClass fault_class_of(const fault::Action& action, bool of_a_server);

// What "back" means of it, for reports. Pure.
report::Victim victim_of(const fault::Action& action);
// Of several: a server before a process before a link. Pure.
report::Victim victim_of(const fault::TrialSteps& steps);

// A FaultStruck for each step that took effect, numbered from `first_number` on, and a FaultHealed where it
// was healed. Pure.
std::vector<ledger::Circumstance> fault_facts(const fault::TrialSteps& steps,
                                              const std::vector<Struck>& struck, std::uint32_t first_number);

}  // namespace squall::run
