#include "ledger/run_facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::ledger {
namespace {

constexpr std::uint32_t kMaxSources = 1 << 20;

struct Adder {
  RunFacts& run;
  std::uint64_t inputs;

  std::optional<std::string> operator()(const Source& source) const {
    if (source.index >= kMaxSources) return fmt::format("source {} is not a small number", source.index);
    if (source.index >= run.sources.size()) run.sources.resize(source.index + 1);
    run.sources[source.index] = source;
    return std::nullopt;
  }
  std::optional<std::string> operator()(const ScanBegan& began) const {
    run.scans[began.stream] = {.began = began, .ended = std::nullopt, .inputs_before = inputs};
    return std::nullopt;
  }
  std::optional<std::string> operator()(const ScanEnded& ended) const {
    const auto scan = run.scans.find(ended.stream);
    if (scan == run.scans.end()) {
      return fmt::format("a scan of stream {} ended, but none began", ended.stream);
    }
    scan->second.ended = ended;
    return std::nullopt;
  }
  std::optional<std::string> operator()(const ConsumerState& state) const {
    const auto known = std::find_if(run.consumers.begin(), run.consumers.end(), [&](const auto& other) {
      return other.stream == state.stream && other.name == state.name;
    });
    if (known == run.consumers.end()) {
      run.consumers.push_back(state);
    } else {
      *known = state;
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Exhausted& exhausted) const {
    run.exhausted.emplace(exhausted.stream, exhausted.stream_seq);
    return std::nullopt;
  }
  std::optional<std::string> operator()(const FaultStruck& struck) const {
    run.faults.push_back({struck, std::nullopt});
    return std::nullopt;
  }
  std::optional<std::string> operator()(const FaultHealed& healed) const {
    for (auto fault = run.faults.rbegin(); fault != run.faults.rend(); ++fault) {
      if (fault->struck.number != healed.number) continue;
      fault->healed_at = healed.at;
      return std::nullopt;
    }
    return fmt::format("fault {} is healed, but never struck", healed.number);
  }
  std::optional<std::string> operator()(const Contract& contract) const {
    run.contract = contract;
    return std::nullopt;
  }
};

}  // namespace

std::optional<std::string> RunFacts::add(const Circumstance& circumstance, std::uint64_t inputs) {
  return std::visit(Adder{*this, inputs}, circumstance);
}

const Source& RunFacts::source(std::uint32_t index) const {
  static const Source kDefault;
  return index < sources.size() ? sources[index] : kDefault;
}

bool RunFacts::has_requests() const {
  return std::any_of(sources.begin(), sources.end(),
                     [](const Source& source) { return source.kind == OperationKind::request; });
}

bool RunFacts::only_core() const {
  // Indexes count from 1.
  return sources.size() > 1 && std::all_of(sources.begin() + 1, sources.end(), [](const Source& source) {
           return source.kind == OperationKind::core;
         });
}

bool RunFacts::scanned(OpId id) const {
  return !scans.empty() && std::all_of(scans.begin(), scans.end(), [id](const auto& scan) {
    return scan.second.complete() && id < scan.second.inputs_before;
  });
}

}  // namespace squall::ledger
