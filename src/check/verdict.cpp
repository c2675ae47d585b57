#include "check/verdict.h"

#include <algorithm>
#include <utility>

#include "ledger/nearest_fault.h"

namespace squall::check {

std::string_view to_string(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass:
      return "pass";
    case VerdictKind::fail:
      return "fail";
    case VerdictKind::inconclusive:
      break;
  }
  return "inconclusive";
}

std::uint64_t Verdict::count(std::string_view name) const {
  const auto found =
      std::find_if(counts.begin(), counts.end(), [&](const Count& count) { return count.name == name; });
  return found == counts.end() ? 0 : found->value;
}

Example example_of(const ledger::Ledger& ledger, ledger::OpId id) {
  const ledger::History history = ledger.history(id);
  Example example{.key = history.key, .facts = ledger::describe(history, ledger.layout()), .unread = {}};
  if (history.operation.times_known) {
    example.facts += ledger::nearest_fault(ledger.run(), history.operation.attempted_at);
  } else {
    example.unread = id;
  }
  return example;
}

void Verdict::add_example(const ledger::Ledger& ledger, ledger::OpId id) {
  if (examples.size() < kMaxExamples) examples.push_back(example_of(ledger, id));
}

void Verdict::fail(std::string reason) {
  kind = proves_nothing ? VerdictKind::inconclusive : VerdictKind::fail;
  reasons.push_back(std::move(reason));
}

void Verdict::inconclusive(std::string reason) {
  if (kind == VerdictKind::pass) kind = VerdictKind::inconclusive;
  reasons.push_back(std::move(reason));
}

VerdictKind combine(std::span<const VerdictKind> kinds) {
  if (std::find(kinds.begin(), kinds.end(), VerdictKind::fail) != kinds.end()) return VerdictKind::fail;
  if (kinds.empty()) return VerdictKind::inconclusive;
  const bool all_pass =
      std::all_of(kinds.begin(), kinds.end(), [](VerdictKind k) { return k == VerdictKind::pass; });
  return all_pass ? VerdictKind::pass : VerdictKind::inconclusive;
}

Verdict begin_verdict(std::string checker, const ledger::Ledger& ledger) {
  Verdict verdict{.checker = std::move(checker), .kind = VerdictKind::pass};
  if (ledger.inconsistency()) {
    verdict.proves_nothing = true;
    verdict.inconclusive("the ledger cannot be trusted: " + *ledger.inconsistency());
  } else if (ledger.counts().ok == 0 && !ledger.run().only_core()) {
    verdict.inconclusive("nothing was acknowledged, so there is nothing to judge");
  }
  return verdict;
}

}  // namespace squall::check
