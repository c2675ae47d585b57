#include "cli/ledger_filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "check/loss_cause.h"
#include "experiment/notation.h"
#include "ledger/circumstance_json.h"

namespace squall::cli {
namespace {

using ledger::OpId;
using ledger::State;

constexpr std::array<std::string_view, 14> kKinds{
    "attempt",  "outcome",   "delivery", "effect",       "confirmed",    "stored",     "source",
    "consumer", "exhausted", "contract", "fault_struck", "fault_healed", "scan_began", "scan_ended"};
constexpr std::array kStates{State::open, State::ok, State::failed, State::unknown};

// "ok,unknown" and repeated options alike.
std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    std::string_view rest = list;
    while (true) {
      const std::size_t comma = rest.find(',');
      words.emplace_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return words;
}

base::Result<State> state_of(const std::string& word) {
  std::vector<std::string_view> known;
  for (const State state : kStates) {
    if (ledger::to_string(state) == word) return state;
    known.push_back(ledger::to_string(state));
  }
  return base::fail("--outcome: expected one of {}, not \"{}\"", fmt::join(known, ", "), word);
}

base::Result<std::optional<base::Nanos>> span_of(std::string_view option, const std::string& word) {
  if (word.empty()) return std::optional<base::Nanos>();
  const auto span = experiment::read_duration(word);
  if (!span) {
    return base::fail("{}: expected a time since the run's start such as 1.5s or 2min, not \"{}\"", option,
                      word);
  }
  return span;
}

struct KindOf {
  std::string_view operator()(const ledger::Attempt&) const { return "attempt"; }
  std::string_view operator()(const ledger::Outcome&) const { return "outcome"; }
  std::string_view operator()(const ledger::Delivery&) const { return "delivery"; }
  std::string_view operator()(const ledger::Effect&) const { return "effect"; }
  std::string_view operator()(const ledger::Confirmed&) const { return "confirmed"; }
  std::string_view operator()(const ledger::Stored&) const { return "stored"; }
  std::string_view operator()(const ledger::Circumstance& it) const { return ledger::name_of(it); }
};

struct InstantOf {
  base::Instant operator()(const ledger::Circumstance& it) const { return ledger::at_of(it); }
  template <typename Kind>
  base::Instant operator()(const Kind& it) const {
    return it.at;
  }
};

}  // namespace

base::Result<LedgerFilter> LedgerFilter::make(const FilterWords& words) {
  LedgerFilter filter;
  filter.lost_ = words.lost;
  filter.keys_.insert(words.keys.begin(), words.keys.end());
  for (const std::string& word : split(words.ids)) {
    const std::size_t dash = word.find('-');
    const auto first = experiment::read_integer(std::string_view(word).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : experiment::read_integer(std::string_view(word).substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first) {
      return base::fail("--id: expected an input's number such as 17, or a range such as 17-40, not \"{}\"",
                        word);
    }
    filter.ids_.push_back({static_cast<OpId>(*first), static_cast<OpId>(*last)});
  }
  for (const std::string& word : split(words.outcomes)) {
    const auto state = state_of(word);
    if (!state) return std::unexpected(state.error());
    filter.states_.insert(*state);
  }
  for (const std::string& word : split(words.kinds)) {
    if (std::ranges::find(kKinds, word) == kKinds.end()) {
      return base::fail("--kind: expected one of {}, not \"{}\"", fmt::join(kKinds, ", "), word);
    }
    filter.kinds_.insert(word);
  }
  const auto from = span_of("--from", words.from);
  const auto to = span_of("--to", words.to);
  if (!from) return std::unexpected(from.error());
  if (!to) return std::unexpected(to.error());
  if (*from && *to && **to < **from) return base::fail("--to: expected at least --from, {}", words.from);
  filter.from_ = *from;
  filter.to_ = *to;
  return filter;
}

bool LedgerFilter::picks(const ledger::Ledger& ledger, OpId id) const {
  const ledger::Card card = ledger.cards().get(id);
  if (lost_ && !check::is_lost(ledger.cards(), card)) return false;
  if (!states_.empty() && !states_.contains(card.state())) return false;
  if (!ids_.empty() &&
      std::ranges::none_of(ids_, [id](const Ids& range) { return range.first <= id && id <= range.last; })) {
    return false;
  }
  return keys_.empty() || keys_.contains(ledger.key(id));
}

base::Result<void> LedgerFilter::choose(const ledger::Ledger& ledger) {
  const std::string have = ledger.size() == 0
                               ? std::string("it has no inputs at all")
                               : fmt::format("it has {} inputs, the first is {} and the last {}",
                                             ledger.size(), ledger.key(0), ledger.key(ledger.size() - 1));
  for (const std::string& key : keys_) {
    if (!ledger.find(key)) return base::fail("no input has the key {}: {}", key, have);
  }
  for (const Ids& range : ids_) {
    if (range.first >= ledger.size()) return base::fail("there is no input {}: {}", range.first, have);
  }
  for (OpId id = 0; id < ledger.size(); ++id) {
    if (!picks(ledger, id)) continue;
    chosen_ids_.insert(id);
    chosen_keys_.insert(ledger.key(id));
  }
  return {};
}

std::vector<OpId> LedgerFilter::chosen() const {
  std::vector<OpId> ids(chosen_ids_.begin(), chosen_ids_.end());
  std::ranges::sort(ids);
  return ids;
}

bool LedgerFilter::is_about_chosen(const ledger::Record& record) const {
  struct {
    const LedgerFilter& filter;
    bool operator()(const ledger::Attempt& it) const { return filter.chosen_ids_.contains(it.id); }
    bool operator()(const ledger::Outcome& it) const { return filter.chosen_ids_.contains(it.id); }
    bool operator()(const ledger::Delivery& it) const { return filter.chosen_keys_.contains(it.key); }
    bool operator()(const ledger::Effect& it) const { return filter.chosen_keys_.contains(it.key); }
    bool operator()(const ledger::Confirmed& it) const { return filter.chosen_keys_.contains(it.key); }
    bool operator()(const ledger::Stored& it) const { return filter.chosen_keys_.contains(it.key); }
    bool operator()(const ledger::Circumstance&) const { return false; }
  } visitor{*this};
  return std::visit(visitor, record);
}

bool LedgerFilter::wants(const ledger::Record& record, const ledger::Layout& layout) const {
  if (!kinds_.empty() && !kinds_.contains(std::string(std::visit(KindOf{}, record)))) return false;
  const base::Nanos since = std::visit(InstantOf{}, record) - layout.anchor.mono;
  if (from_ && since < *from_) return false;
  if (to_ && since > *to_) return false;
  return !is_about_inputs() || is_about_chosen(record);
}

}  // namespace squall::cli
