#include "ledger/facts_table.h"

#include <utility>

namespace squall::ledger {

void FactsTable::append(const Facts& facts) {
  if (size_ % kPerPage == 0) {
    auto page = std::make_shared<Page>();
    page->facts.reserve(kPerPage);
    page->effects.reserve(kPerPage * stages_);
    pages_.push_back(std::move(page));
  }
  Page& page = writable(pages_.back());
  page.facts.push_back(facts);
  page.effects.resize(page.effects.size() + stages_);
  ++size_;
}

FactsTable::Entry FactsTable::find(OpId id) {
  if (id >= first_ && id < size_) {
    Page& page = writable(pages_[(id - first_) / kPerPage]);
    const std::size_t index = id % kPerPage;
    return {&page.facts[index], {page.effects.data() + index * stages_, stages_}};
  }
  const auto found = stragglers_.find(id);
  if (found == stragglers_.end()) return {};
  return {&found->second.facts, found->second.effects};
}

FactsTable::ConstEntry FactsTable::find(OpId id) const {
  if (id >= first_ && id < size_) {
    const Page& page = *pages_[(id - first_) / kPerPage];
    const std::size_t index = id % kPerPage;
    return {&page.facts[index], {page.effects.data() + index * stages_, stages_}};
  }
  const auto found = stragglers_.find(id);
  if (found == stragglers_.end()) return {};
  return {&found->second.facts, found->second.effects};
}

void FactsTable::let_go(const std::function<bool(OpId)>& settled) {
  while (too_many()) {
    const Page& page = *pages_.front();
    bool settles = settles_;  // what came of late is settled in time, so that older ones may be as well
    settles_ = false;
    for (std::size_t index = 0; index < kPerPage; ++index) {
      const OpId id = first_ + index;
      if (settled(id)) {
        settles = settles_ = true;
        continue;
      }
      // Looking at all of them for each input would make a system that is far behind, or one whose effects
      // nobody sees, slow down the load itself.
      const OpId pause = settles ? kLeastBetweenSweeps : kMostBetweenSweeps;
      if (stragglers_.size() >= kMaxStragglers && id >= last_sweep_ + pause) {
        last_sweep_ = id;
        std::erase_if(stragglers_, [&](const auto& straggler) { return settled(straggler.first); });
      }
      if (stragglers_.size() >= kMaxStragglers) {
        ++forgotten_;
        continue;
      }
      const auto effects = page.effects.begin() + static_cast<std::ptrdiff_t>(index * stages_);
      stragglers_.emplace(
          id, Straggler{page.facts[index], {effects, effects + static_cast<std::ptrdiff_t>(stages_)}});
    }
    pages_.pop_front();
    first_ += kPerPage;
  }
}

std::vector<OpId> FactsTable::stragglers() const {
  std::vector<OpId> ids;
  ids.reserve(stragglers_.size());
  for (const auto& [id, straggler] : stragglers_) ids.push_back(id);
  return ids;
}

}  // namespace squall::ledger
