// Which records of a ledger `squall ledger` prints: filters of inputs (by key, id, outcome, losses) and of
// records (by kind, by time). All that are given must hold.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"

namespace squall::cli {

// As the user wrote them; what is empty asks for nothing.
struct FilterWords {
  std::vector<std::string> keys;
  std::vector<std::string> ids;       // "17", "17-40"
  std::vector<std::string> outcomes;  // "ok,unknown"
  std::vector<std::string> kinds;     // "attempt,effect"
  std::string from;                   // since the run's start: "1.5s"
  std::string to;
  bool lost = false;
};

class LedgerFilter {
 public:
  // Errors: a word that is none, with those that there are.
  static base::Result<LedgerFilter> make(const FilterWords& words);

  // Whether only some inputs are wanted: choose() comes before wants() then.
  bool is_about_inputs() const { return !keys_.empty() || !ids_.empty() || !states_.empty() || lost_; }
  bool asks_for_losses() const { return lost_; }
  // Picks the inputs, from the whole ledger of the run. Errors: a key or an id that the ledger does not have.
  base::Result<void> choose(const ledger::Ledger& ledger);
  // Ascending.
  std::vector<ledger::OpId> chosen() const;

  bool wants(const ledger::Record& record, const ledger::Layout& layout) const;

 private:
  struct Ids {
    ledger::OpId first = 0;
    ledger::OpId last = 0;
  };

  bool picks(const ledger::Ledger& ledger, ledger::OpId id) const;
  bool is_about_chosen(const ledger::Record& record) const;

  std::unordered_set<std::string> keys_;
  std::vector<Ids> ids_;
  std::set<ledger::State> states_;
  std::set<std::string> kinds_;
  std::optional<base::Nanos> from_;
  std::optional<base::Nanos> to_;
  bool lost_ = false;
  std::unordered_set<ledger::OpId> chosen_ids_;
  std::unordered_set<std::string> chosen_keys_;
};

}  // namespace squall::cli
