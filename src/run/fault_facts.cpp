#include "run/fault_facts.h"

#include <algorithm>
#include <cctype>

#include "experiment/targets.h"
#include "fault/fault_kind.h"

namespace squall::run {
namespace {

// "nats-2", and whichever of them led: a process may be called nats-worker.
bool is_server(const std::string& target) {
  constexpr std::string_view kPrefix = "nats-";
  if (experiment::is_leader(target)) return true;
  if (!target.starts_with(kPrefix) || target.size() == kPrefix.size()) return false;
  return std::all_of(target.begin() + kPrefix.size(), target.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

const fault::Step* step_of(const fault::TrialSteps& steps, const Struck& struck) {
  const auto step = std::ranges::find_if(
      steps.steps, [&struck](const fault::Step& planned) { return planned.fault.name == struck.fault; });
  return step == steps.steps.end() ? nullptr : &*step;
}

// How many servers were struck, and not yet healed, at that instant.
std::uint32_t servers_struck_at(base::Instant at, const fault::TrialSteps& steps,
                                const std::vector<Struck>& struck) {
  return static_cast<std::uint32_t>(std::ranges::count_if(struck, [&](const Struck& other) {
    const fault::Step* step = step_of(steps, other);
    return step != nullptr && is_server(fault::target_of(step->fault.action)) && other.effect_at &&
           *other.effect_at <= at && (!other.healed_at || *other.healed_at >= at);
  }));
}

}  // namespace

ledger::FaultClass fault_class_of(const fault::Action& action, bool of_a_server) {
  if (std::holds_alternative<fault::OnLink>(action)) return ledger::FaultClass::network;
  if (const auto* on = std::get_if<fault::OnTarget>(&action)) {
    const fault::KindDoc* const kind = fault::find_kind(on->kind);
    const bool of_nats = of_a_server || (kind != nullptr && kind->target == fault::TargetKind::kStream);
    if (of_nats && kind != nullptr && kind->promise) return *kind->promise;
  }
  if (!of_a_server) return ledger::FaultClass::service;
  return std::holds_alternative<fault::Kill>(action) ? ledger::FaultClass::process_kill
                                                     : ledger::FaultClass::process_freeze;
}

report::Victim victim_of(const fault::Action& action) {
  if (std::holds_alternative<fault::OnLink>(action)) return report::Victim::link;
  if (const auto* on = std::get_if<fault::OnTarget>(&action)) {
    using enum fault::TargetKind;
    const fault::KindDoc* const kind = fault::find_kind(on->kind);
    // What is over and not back, as a link's fault is: nothing of it was down.
    if (kind != nullptr && (kind->target == kStream || kind->target == kConsumer || kind->target == kCommand))
      return report::Victim::link;
  }
  return is_server(fault::target_of(action)) ? report::Victim::server : report::Victim::process;
}

report::Victim victim_of(const fault::TrialSteps& steps) {
  report::Victim most = report::Victim::link;
  for (const fault::Step& step : steps.steps) most = std::min(most, victim_of(step.fault.action));
  return most;
}

std::vector<ledger::Circumstance> fault_facts(const fault::TrialSteps& steps,
                                              const std::vector<Struck>& struck, std::uint32_t first_number) {
  std::vector<ledger::Circumstance> facts;
  for (const Struck& one : struck) {
    const fault::Step* step = step_of(steps, one);
    if (!one.effect_at || step == nullptr) continue;
    const std::string& target = fault::target_of(step->fault.action);
    const bool of_a_server = is_server(target);
    const std::uint32_t number = first_number++;
    facts.emplace_back(ledger::FaultStruck{
        .number = number,
        .fault_class = fault_class_of(step->fault.action, of_a_server),
        .target = target,
        .servers_struck = of_a_server ? servers_struck_at(*one.effect_at, steps, struck) : 0,
        .at = *one.effect_at});
    if (one.healed_at) facts.emplace_back(ledger::FaultHealed{.number = number, .at = *one.healed_at});
  }
  return facts;
}

}  // namespace squall::run
