// For tests: an honest run with its deliveries, confirmed acks and final scan, of which each part can be lied
// about.
#pragma once

#include "check/honest_ledger.h"

namespace squall::check::testing {

using ledger::Confirmed;
using ledger::ConsumerState;
using ledger::Contract;
using ledger::Delivery;
using ledger::ScanBegan;
using ledger::ScanEnded;
using ledger::Stored;

inline constexpr OpId kInputs = 60;

// An honest run, record by record, of one producer and three order keys, with a scan at its end. Each lie
// changes the parts that it is about.
struct HonestRun {
  Records inputs;  // attempts, acks, deliveries, confirmed acks, effects; input i from i × 10 ms on
  Records scan;    // Stored
  ScanBegan scan_began{0, "IN", ledger::Retention::limits, at_ms(2'000)};
  ScanEnded scan_ended{0, 1, kInputs, "", at_ms(2'100)};
  ConsumerState consumer{0, "worker", kInputs, kInputs, 0, 0, -1, at_ms(2'100)};
  Records circumstances{Contract{.replicas = 1, .sync_always = false, .server_version = "2.10.20"}};
  Records late_records;

  ledger::Ledger fold_all() const {
    Records all = circumstances;
    all.insert(all.end(), inputs.begin(), inputs.end());
    all.push_back(scan_began);
    all.insert(all.end(), scan.begin(), scan.end());
    all.push_back(scan_ended);
    all.push_back(consumer);
    all.insert(all.end(), late_records.begin(), late_records.end());
    return fold(all);
  }
  void drop_effects(OpId id) {
    erase_effects(inputs, [&](const Effect& effect) { return effect.key == key_of(id); });
  }
  void drop_stored(OpId id) {
    std::erase_if(scan, [&](const Record& r) { return std::get<Stored>(r).key == key_of(id); });
  }
  void drop_delivery(OpId id) {
    std::erase_if(inputs, [&](const Record& r) {
      const auto* delivery = std::get_if<Delivery>(&r);
      const auto* confirmed = std::get_if<Confirmed>(&r);
      return (delivery != nullptr && delivery->key == key_of(id)) ||
             (confirmed != nullptr && confirmed->key == key_of(id));
    });
  }
  void lose_in_nats(OpId id) {
    drop_effects(id);
    drop_stored(id);
    drop_delivery(id);
  }
};

inline HonestRun honest_run() {
  HonestRun run;
  for (OpId id = 0; id < kInputs; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    const auto checksum = static_cast<std::uint32_t>(id * 2'654'435'761U);
    run.inputs.push_back(Attempt{.id = id,
                                 .key = key_of(id),
                                 .at = at_ms(t),
                                 .order_key = static_cast<std::uint32_t>(1 + id % 3),
                                 .checksum = checksum});
    run.inputs.push_back(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)});
    run.inputs.push_back(Delivery{key_of(id), id + 1, 1, at_ms(t + 2), checksum});
    run.inputs.push_back(Effect{kAssignment, key_of(id), id + 1, at_ms(t + 3), checksum});
    run.inputs.push_back(Effect{kUsage, key_of(id), id + 1, at_ms(t + 4), checksum});
    run.inputs.push_back(Confirmed{key_of(id), id + 1, at_ms(t + 5)});
    run.scan.push_back(Stored{key_of(id), 0, id + 1, at_ms(2'050), checksum});
  }
  return run;
}

}  // namespace squall::check::testing
