#include "ledger/ledger_search.h"

namespace squall::ledger {

LedgerSearch::LedgerSearch(const Layout& layout, const std::vector<OpId>& wanted)
    : chosen_(layout, {.keep_times = wanted.size()}) {
  for (const OpId id : wanted) {
    ids_.emplace(id, std::nullopt);
    numbers_.insert(id);  // an effect may have been read before its attempt was written
  }
}

bool LedgerSearch::is_about_wanted(const Key& key) const {
  return key.number ? numbers_.contains(*key.number) : texts_.contains(std::string(key.text));
}

void LedgerSearch::see(const Entry& entry) {
  Entry mine = entry;
  switch (entry.kind) {
    case EntryKind::attempt: {
      const auto wanted = ids_.find(entry.id);
      if (wanted == ids_.end()) return;
      if (!wanted->second) wanted->second = chosen_.size();
      mine.id = *wanted->second;
      if (entry.key.number) {
        numbers_.insert(*entry.key.number);
      } else {
        texts_.emplace(entry.key.text);
      }
      break;
    }
    case EntryKind::ok:
    case EntryKind::failed:
    case EntryKind::unknown: {
      const auto wanted = ids_.find(entry.id);
      if (wanted == ids_.end() || !wanted->second) return;
      mine.id = *wanted->second;
      break;
    }
    case EntryKind::delivery:
    case EntryKind::effect:
    case EntryKind::confirmed:
    case EntryKind::stored:
      if (!is_about_wanted(entry.key)) return;
      break;
    case EntryKind::circumstance:
      break;
  }
  chosen_.add(mine);
}

std::optional<History> LedgerSearch::history(OpId id) const {
  const auto wanted = ids_.find(id);
  if (wanted == ids_.end() || !wanted->second || *wanted->second >= chosen_.size()) return std::nullopt;
  History history = chosen_.history(*wanted->second);
  history.id = history.operation.id = id;
  return history;
}

}  // namespace squall::ledger
