// What a checker says. A checker is a pure function from the ledger to a Verdict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"

namespace squall::check {

enum class VerdictKind { pass, fail, inconclusive };
std::string_view to_string(VerdictKind kind);

// A verdict names at most this many messages; the counts say how many there are.
inline constexpr std::size_t kMaxExamples = 32;

struct Count {
  std::string name;
  std::uint64_t value = 0;

  bool operator==(const Count&) const = default;
};

struct Example {
  std::string key;
  std::string facts;  // everything known about it, on one line
  // Where its times are no longer in memory: the input to read back from the ledger's file.
  std::optional<ledger::OpId> unread;

  bool operator==(const Example&) const = default;
};

Example example_of(const ledger::Ledger& ledger, ledger::OpId id);

struct Verdict {
  std::string checker;
  VerdictKind kind = VerdictKind::inconclusive;
  std::vector<Count> counts;
  std::vector<Example> examples;
  std::vector<std::string> reasons;  // why it is not a pass; empty for a pass
  bool proves_nothing = false;       // the records cannot be trusted: what would be a fail is inconclusive

  // 0 if there is no such count.
  std::uint64_t count(std::string_view name) const;
  void add_example(const ledger::Ledger& ledger, ledger::OpId id);
  void fail(std::string reason);
  // Does not soften a fail.
  void inconclusive(std::string reason);

  bool operator==(const Verdict&) const = default;
};

// fail beats inconclusive beats pass. Nothing at all is inconclusive.
VerdictKind combine(std::span<const VerdictKind> kinds);

// A pass to begin with; inconclusive at once, and for good, if the ledger contradicts itself or has a hole;
// inconclusive if nothing was acknowledged.
Verdict begin_verdict(std::string checker, const ledger::Ledger& ledger);

}  // namespace squall::check
