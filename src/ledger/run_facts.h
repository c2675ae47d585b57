// The circumstances of a run, gathered: sources, scans, consumers, faults, the durability contract.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/record.h"

namespace squall::ledger {

struct Scan {
  ScanBegan began;
  std::optional<ScanEnded> ended;
  std::uint64_t inputs_before = 0;  // those that were attempted when it began; it says nothing about others

  bool complete() const { return ended && ended->incomplete_because.empty(); }
};

struct FaultSpan {
  FaultStruck struck;
  std::optional<base::Instant> healed_at;
};

struct RunFacts {
  std::vector<Source> sources;           // by index; what was never declared is a default
  std::map<std::uint8_t, Scan> scans;    // by stream; the last one of each
  std::vector<ConsumerState> consumers;  // the last state of each
  std::set<std::pair<std::uint8_t, std::uint64_t>> exhausted;  // stream, sequence
  std::vector<FaultSpan> faults;                               // in the order in which they were recorded
  std::optional<Contract> contract;

  // Errors: what contradicts something known.
  std::optional<std::string> add(const Circumstance& circumstance, std::uint64_t inputs);
  const Source& source(std::uint32_t index) const;
  bool has_requests() const;  // some source sends requests
  // Every source publishes to core NATS, where nothing is ever acknowledged.
  bool only_core() const;
  // Whether every stream with inputs was scanned to its end, and such a scan would have found the input.
  bool scanned(OpId id) const;
};

}  // namespace squall::ledger
