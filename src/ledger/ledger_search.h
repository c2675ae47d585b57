// Everything about some chosen inputs, read back from a run's records: the ledger itself keeps times and
// sequences of a bounded set only. Pure: it is shown the records again, by whoever reads the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ledger/ledger.h"

namespace squall::ledger {

// About 1 KiB for each chosen input, whatever the run's size. Thread: one.
class LedgerSearch {
 public:
  LedgerSearch(const Layout& layout, const std::vector<OpId>& wanted);

  // Every record of the run, in the order written.
  void see(const Entry& entry);

  // As the whole ledger would tell it, had it kept everything. Nothing: not wanted, or never attempted.
  std::optional<History> history(OpId id) const;

 private:
  bool is_about_wanted(const Key& key) const;

  Ledger chosen_;  // with ids of its own, in the order of the first attempts
  std::unordered_map<OpId, std::optional<OpId>> ids_;  // wanted → chosen, once it was attempted
  std::unordered_set<std::string> texts_;              // keys of the chosen that are no number
  std::unordered_set<std::uint64_t> numbers_;          // those that are, or may be
};

}  // namespace squall::ledger
