#include "check/durability.h"

#include <fmt/format.h>

#include <charconv>
#include <tuple>

#include "check/loss_cause.h"

namespace squall::check {
namespace {

using ledger::FaultClass;

// {2, 9, 10} of "2.9.10"; zeros where it is not known.
std::tuple<int, int, int> parse_version(std::string_view text) {
  int parts[3] = {};
  for (int& part : parts) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc{}) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('.')) text.remove_prefix(1);
  }
  return {parts[0], parts[1], parts[2]};
}

// Servers wrote to disk every minute before 2.10, every two minutes since.
base::Nanos sync_interval_of(const ledger::Contract& contract) {
  if (contract.sync_interval) return *contract.sync_interval;
  const bool old =
      !contract.server_version.empty() && parse_version(contract.server_version) < std::tuple(2, 10, 0);
  return old ? std::chrono::minutes(1) : std::chrono::minutes(2);
}

Ruling rule_on_power_loss(const ledger::Contract& contract, base::Nanos age) {
  const auto version = parse_version(contract.server_version);
  const bool known = !contract.server_version.empty();
  if (contract.sync_always && contract.replicas > 1 && known && version < std::tuple(2, 10, 23)) {
    return {false,
            "nats-server 2.10.23 or newer: before, sync_interval: always did not cover replicated writes"};
  }
  if (contract.sync_always || age > sync_interval_of(contract)) return {};
  if (known && version < std::tuple(2, 10, 0)) {
    return {false, "nats-server 2.10 or newer with sync_interval: always"};
  }
  return {false, "sync_interval: always"};
}

// What this fault permits about an input that was acknowledged `age` before it.
Ruling rule_on(const ledger::Contract& contract, const ledger::FaultStruck& fault, base::Nanos age) {
  const bool all_copies = fault.servers_struck >= contract.replicas;
  const bool server_died =
      fault.fault_class == FaultClass::process_kill || fault.fault_class == FaultClass::power_loss;
  if (server_died && contract.memory_storage && all_copies) return {false, "storage: file"};
  if (server_died && contract.persist_async && contract.replicas == 1)
    return {false, "persist_mode: default"};
  if (fault.fault_class == FaultClass::power_loss && all_copies) return rule_on_power_loss(contract, age);
  if (fault.fault_class == FaultClass::disk_damage && all_copies) {
    return {false, "more replicas than disks that can be damaged at once"};
  }
  return {};
}

}  // namespace

Ruling rule_on_loss(const ledger::Ledger& ledger, ledger::OpId id) {
  const ledger::RunFacts& run = ledger.run();
  const ledger::Facts* facts = ledger.facts(id);
  if (!run.contract || facts == nullptr) return {};
  if (run.scans.size() == 1 && removed_by(run, run.scans.begin()->second, facts->ended_at) != nullptr)
    return {false, "leaving out the fault that removed them from their stream"};
  if (run.scans.size() == 1 && run.scans.begin()->second.ended &&
      facts->stream_seq < run.scans.begin()->second.ended->first_seq) {
    return {false, "larger limits (max_msgs, max_bytes, max_age) or discard: new"};
  }
  for (const ledger::FaultSpan& fault : run.faults) {
    // What was acknowledged after the fault was promised anew.
    if (facts->ended_at > fault.struck.at) continue;
    const Ruling ruling = rule_on(*run.contract, fault.struck, fault.struck.at - facts->ended_at);
    if (!ruling.violation) return ruling;
  }
  return {};
}

Verdict check_durability(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("durability", ledger);
  std::uint64_t violations = 0;
  std::uint64_t permitted = 0;
  std::vector<Example> permitted_examples;
  const LossCauses causes(ledger);
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    if (!is_lost(ledger.cards(), ledger.cards().get(id))) continue;
    if (causes.of(id) != LossCause::in_nats) continue;
    const Ruling ruling = rule_on_loss(ledger, id);
    if (ruling.violation) {
      ++violations;
      verdict.add_example(ledger, id);
    } else if (++permitted; permitted_examples.size() < kMaxExamples) {
      permitted_examples.push_back(example_of(ledger, id));
      permitted_examples.back().facts += " · permitted by this configuration; forbidden by " + ruling.setting;
    }
  }
  for (Example& example : permitted_examples) {
    if (verdict.examples.size() < kMaxExamples) verdict.examples.push_back(std::move(example));
  }
  verdict.counts = {
      {"in_nats", violations + permitted}, {"violations", violations}, {"permitted", permitted}};
  if (violations + permitted > 0 && !ledger.run().contract) {
    verdict.inconclusive("NATS lost inputs, but its configuration is not known");
  } else if (violations > 0) {
    verdict.fail(fmt::format("NATS lost {} inputs that its configuration promised to keep", violations));
  }
  return verdict;
}

}  // namespace squall::check
