// The ledger: all records of a run, folded per input as they come. It answers at once what is unfinished
// now, and gives the checkers (check/) every input with its outcome and its effects.
//
// Memory: three or four bytes for every input (card_table.h), a bit for every sequence read (seen_seqs.h),
// and times and sequences for a bounded set (facts_table.h). What a verdict shows of an input whose facts
// were let go is read back from the file (ledger_search.h). Inputs whose keys are not <key_prefix><id> cost
// about a hundred bytes more.
//
// It judges nothing and reads no files (ledger_codec.h). Copies are cheap. Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/card_table.h"
#include "ledger/clock_watch.h"
#include "ledger/entry.h"
#include "ledger/facts_table.h"
#include "ledger/latency_slots.h"
#include "ledger/outage_fold.h"
#include "ledger/record.h"
#include "ledger/run_facts.h"
#include "ledger/seen_seqs.h"
#include "ledger/sequence_fold.h"
#include "ledger/slowest.h"

namespace squall::ledger {

// The stages of one input; no heap.
class StageList {
 public:
  std::size_t size() const { return size_; }
  const StageEffects& operator[](std::size_t stage) const { return stages_[stage]; }
  const StageEffects& front() const { return stages_[0]; }
  const StageEffects& back() const { return stages_[size_ - 1]; }
  const StageEffects* begin() const { return stages_.data(); }
  const StageEffects* end() const { return stages_.data() + size_; }
  void push_back(const StageEffects& effects) { stages_[size_++] = effects; }

 private:
  std::array<StageEffects, kMaxStages> stages_{};
  std::size_t size_ = 0;
};

// One input, folded. `effects` has one entry per stage of the layout.
struct Operation {
  OpId id = 0;
  State state = State::open;
  // Whether the instants and sequences below are still known. Counts always are (saturated, if they are not).
  bool times_known = false;
  bool filtered = false;       // declared to have no effect
  bool done = false;           // all that was declared for the final stage is there
  base::Instant attempted_at;  // of the first attempt
  base::Instant ended_at;      // of the outcome that counts; meaningless while open
  std::uint64_t stream_seq = 0;
  std::uint32_t attempts = 0;
  std::uint32_t deliveries = 0;
  StageList effects;

  bool acknowledged() const { return state == State::ok; }
  bool finished() const { return done; }
  // When it was finished; only for finished ones whose times are known.
  base::Instant finished_at() const { return filtered ? ended_at : effects.back().complete_at; }
  bool has_effect() const;
  // The system took it: it was acknowledged, or its effect proves it.
  bool accepted() const { return acknowledged() || has_effect(); }
  // When the system had it for certain: the acknowledgement, or the first effect where that came first.
  // Only for accepted ones whose times are known.
  base::Instant accepted_at() const;
};

// Everything known about one input, for people.
struct History {
  OpId id = 0;
  std::string key;
  Operation operation;
  std::string reason;           // of a failed or unknown outcome
  std::vector<Effect> effects;  // every one, in the order of their instants
  std::uint32_t stored = 0;     // times that the scan found it, 2 for more
  bool scanned = false;         // whether there was a complete scan that would have found it
};

struct Counts {
  std::uint64_t attempted = 0;
  std::uint64_t open = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t redelivered = 0;       // deliveries beyond the first of their input
  std::uint64_t surplus = 0;           // effects beyond those declared
  std::uint64_t stored_strangers = 0;  // found by the scan under a key that was never attempted
  std::uint64_t moved_acks = 0;        // acks that name another sequence than the input's first ack
  std::uint64_t compared = 0;          // checksums that came through and had one to compare with
  std::vector<std::uint64_t> effects;  // stored effects per stage, repeats and unexpected ones included
};

// A delivery of what our consumer had already acknowledged, and the server had confirmed.
struct AfterConfirm {
  OpId id = 0;
  std::optional<base::Instant> confirmed_at;  // nothing: so long ago that it is no longer known
  base::Instant delivered_at;
};

struct LedgerOptions {
  // The times of so many recent inputs are kept, at about 130 bytes each with two stages: what a window
  // around a fault can be measured over exactly.
  std::size_t keep_times = 1 << 17;
};

class Ledger {
 public:
  // The layout is valid.
  explicit Ledger(Layout layout, LedgerOptions options = {});

  // Records may come in any order that keeps an attempt before its outcome. A record that contradicts the
  // others (an outcome without attempt, a gap in the ids) is left out, and named by inconsistency().
  void add(const Record& record) { add(to_entry(record, layout_)); }
  void add(const Entry& entry);
  void add(const SentRun& run);

  const Layout& layout() const { return layout_; }
  const Counts& counts() const { return counts_; }
  // Inputs that are acknowledged or still open and have no final effect yet.
  std::uint64_t unfinished() const { return unfinished_; }

  std::size_t size() const { return cards_.size(); }
  const CardTable& cards() const { return cards_; }
  // id < size().
  Operation operation(OpId id) const;
  // Null where they are no longer known.
  const Facts* facts(OpId id) const { return facts_.find(id).facts; }
  std::optional<OpId> find(std::string_view key) const;
  std::string key(OpId id) const;
  History history(OpId id) const;

  // The inputs whose times are known and that were attempted at or after `from`, ascending.
  std::vector<OpId> attempted_since(base::Instant from) const;
  // Why the times of the inputs that were attempted at or after `from` are not all known.
  std::optional<std::string> times_missing(base::Instant from) const;

  // Effects whose key was never attempted, once each. At most kMaxUnexpected; unexpected_count() is exact.
  std::vector<Effect> unexpected() const;
  std::uint64_t unexpected_count() const { return unexpected_count_; }

  const RunFacts& run() const { return run_; }
  const LatencySlots& latencies() const { return latencies_; }  // due (or sent) → final effect
  const Slowest& slowest() const { return slowest_; }
  const SequenceFold& sequence() const { return sequence_; }
  const OutageFold& outages() const { return outages_; }
  const std::vector<AfterConfirm>& after_confirm() const { return after_confirm_; }

  // The first contradiction among the records; a ledger with one proves nothing.
  const std::optional<std::string>& inconsistency() const { return inconsistency_; }
  // Why times prove nothing, though counts do.
  std::optional<std::string> clock_problem() const { return clocks_.problem(); }

  // For the self-test: as if the effects of that stage had never been read.
  void hide_effects(OpId id, Stage stage);

  static constexpr std::uint64_t kMaxUnexpected = 1 << 16;

 private:
  struct Repeat {
    Stage stage;
    std::uint64_t stream_seq;
    base::Instant at;
  };

  void begin_operation(const Entry& entry);
  void retry_operation(const Entry& entry);
  void add_attempt(const Entry& entry);
  void add_outcome(const Entry& entry);
  void add_delivery(const Entry& entry);
  void add_effect(const Entry& entry);
  void add_confirmed(const Entry& entry);
  void add_stored(const Entry& entry);
  void add_effect_of(OpId id, const Entry& entry, bool seen_before);
  void add_unexpected(const Entry& entry, bool seen_before);
  void adopt_unexpected(OpId id, const std::string& key);
  void compare_checksum(Card& card, const Facts* facts, const Entry& entry);
  void look_at_effect(OpId id, const Entry& entry, const FactsTable::Entry& known, std::uint32_t before);
  void put(OpId id, Card card);
  bool counts_as_unfinished(Card card) const;
  bool settled(OpId id) const;
  std::uint64_t& count_of(State state);
  std::optional<OpId> find(const Key& key) const;
  std::string text_of(const Key& key) const;
  void contradiction(std::string what);
  std::uint32_t intern_reason(std::string_view reason);

  Layout layout_;
  CardTable cards_;
  FactsTable facts_;
  std::vector<SeenSeqs> seen_;                                 // by stage
  std::map<std::uint8_t, SeenSeqs> found_;                     // by the scan, by stream
  std::unordered_map<OpId, std::vector<Repeat>> repeats_;      // effects beyond those declared
  std::unordered_map<std::string, OpId> ids_of_foreign_keys_;  // those that are not <key_prefix><id>
  std::unordered_map<OpId, std::string> foreign_keys_;
  std::map<std::string, std::vector<Effect>> unexpected_;  // by key
  std::uint64_t unexpected_count_ = 0;
  std::uint64_t unexpected_kept_ = 0;
  std::vector<std::string> reasons_;
  std::map<std::string, std::uint32_t, std::less<>> reason_index_;
  std::uint32_t last_reason_ = 0;  // most come in a row
  std::vector<AfterConfirm> after_confirm_;
  RunFacts run_;
  LatencySlots latencies_;
  Slowest slowest_;
  SequenceFold sequence_;
  OutageFold outages_;
  ClockWatch clocks_;
  std::optional<std::string> inconsistency_;
  Counts counts_;
  std::uint64_t unfinished_ = 0;
};

// What a line of describe() ends with where the times are no longer known (ledger_search.h finds them).
inline constexpr std::string_view kRestIsInTheFile = " · the rest is in the ledger's file";

// One line with everything known: "p-592 · attempted 09:41:12.601 · PubAck 09:41:12.604 (#593) · assignment
// #593 09:41:12.606 · no usage". Times are UTC.
std::string describe(const History& history, const Layout& layout);

}  // namespace squall::ledger
