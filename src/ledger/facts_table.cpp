#include "ledger/facts_table.h"

#include <algorithm>
#include <utility>

namespace squall::ledger {

void FactsTable::append(const Facts& facts, std::size_t times) {
  for (std::size_t left = times; left > 0;) {
    const std::size_t index = size_ % kPerPage;
    if (index == 0) pages_.push_back(std::make_shared<Page>());
    const std::size_t fits = std::min<std::size_t>(left, kPerPage - index);
    Page& page = writable(pages_.back());
    if (times > 1 && page.facts.empty()) {
      page.alike.push_back({index + fits, facts});
    } else {
      tell_apart(page);
      append_each(page, facts, fits);
    }
    size_ += fits;
    left -= fits;
  }
}

void FactsTable::append_each(Page& page, const Facts& facts, std::size_t times) const {
  if (page.facts.empty()) {
    page.facts.reserve(kPerPage);
    page.effects.reserve(kPerPage * stages_);
  }
  page.facts.insert(page.facts.end(), times, facts);
  page.effects.resize(page.effects.size() + times * stages_);
}

void FactsTable::tell_apart(Page& page) const {
  for (const Alike& alike : std::exchange(page.alike, {})) {
    append_each(page, alike.facts, alike.end - page.facts.size());
  }
}

// Behind those that are alike with the one at `index`, itself included.
std::size_t FactsTable::end_of_alike(const Page& page, std::size_t index) {
  if (page.alike.empty()) return index + 1;
  return std::ranges::upper_bound(page.alike, index, {}, &Alike::end)->end;
}

FactsTable::ConstEntry FactsTable::look(const Page& page, std::size_t index) const {
  if (!page.alike.empty()) {
    const auto alike = std::ranges::upper_bound(page.alike, index, {}, &Alike::end);
    return {&alike->facts, no_effects_};
  }
  return {&page.facts[index], {page.effects.data() + index * stages_, stages_}};
}

FactsTable::Entry FactsTable::find(OpId id) {
  if (id >= first_ && id < size_) {
    Page& page = writable(pages_[(id - first_) / kPerPage]);
    tell_apart(page);
    const std::size_t index = id % kPerPage;
    return {&page.facts[index], {page.effects.data() + index * stages_, stages_}};
  }
  const auto found = stragglers_.find(id);
  if (found == stragglers_.end()) return {};
  return {&found->second.facts, found->second.effects};
}

FactsTable::ConstEntry FactsTable::find(OpId id) const {
  if (id >= first_ && id < size_) return look(*pages_[(id - first_) / kPerPage], id % kPerPage);
  const auto found = stragglers_.find(id);
  if (found == stragglers_.end()) return {};
  return {&found->second.facts, found->second.effects};
}

void FactsTable::let_go(const std::function<bool(OpId)>& settled) {
  while (too_many()) {
    const Page& page = *pages_.front();
    bool settles = settles_;  // what came of late is settled in time, so that older ones may be as well
    settles_ = false;
    std::size_t asked_until = 0;  // those that are alike are settled alike
    bool is_settled = false;
    for (std::size_t index = 0; index < kPerPage; ++index) {
      const OpId id = first_ + index;
      if (index >= asked_until) {
        is_settled = settled(id);
        asked_until = end_of_alike(page, index);
      }
      if (is_settled) {
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
      const ConstEntry known = look(page, index);
      stragglers_.emplace(id, Straggler{*known.facts, {known.effects.begin(), known.effects.end()}});
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
