// The ledger: all records of a run, folded per input as they come. It answers at once what is unfinished
// now, and gives the checkers (check/) every input with its outcome and its effects.
//
// It judges nothing and reads no files (ledger_codec.h). Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/record.h"

namespace squall::ledger {

enum class State : std::uint8_t { open, ok, failed, unknown };
std::string_view to_string(State state);

// The stored effects of one input in one stage.
struct StageEffects {
  std::uint32_t count = 0;
  std::uint64_t first_seq = 0;
  base::Instant first_at;  // meaningless while count is 0
};

// One input, folded. `effects` has one entry per stage of the layout and points into the ledger.
// Lifetime: until the ledger's next add().
struct Operation {
  OpId id = 0;
  State state = State::open;
  base::Instant attempted_at;  // of the first attempt
  base::Instant ended_at;      // of the outcome that counts; meaningless while open
  std::uint64_t stream_seq = 0;
  std::uint32_t attempts = 0;
  std::uint32_t deliveries = 0;
  std::span<const StageEffects> effects;

  bool acknowledged() const { return state == State::ok; }
  bool finished() const { return effects.back().count > 0; }
  bool has_effect() const;
  // The system took it: it was acknowledged, or its effect proves it.
  bool accepted() const { return acknowledged() || has_effect(); }
  // When the system had it for certain: the acknowledgement, or the first effect where that came first.
  // Only for accepted ones.
  base::Instant accepted_at() const;
};

// Everything known about one input, for people.
struct History {
  OpId id = 0;
  std::string key;
  Operation operation;
  std::string reason;           // of a failed or unknown outcome
  std::vector<Effect> effects;  // every one, in the order of their instants
};

struct Counts {
  std::uint64_t attempted = 0;
  std::uint64_t open = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t deliveries = 0;
  std::vector<std::uint64_t> effects;  // stored effects per stage, repeats and unexpected ones included
};

class Ledger {
 public:
  explicit Ledger(Layout layout);

  // Records may come in any order that keeps an attempt before its outcome. A record that contradicts the
  // others (an outcome without attempt, a gap in the ids) is left out, and named by inconsistency().
  void add(const Attempt& attempt);
  void add(const Outcome& outcome);
  void add(const Delivery& delivery);
  void add(const Effect& effect);
  void add(const Confirmed&) {}
  void add(const Stored&) {}
  void add(const Circumstance& circumstance);
  void add(const Record& record);

  const Layout& layout() const { return layout_; }
  const Counts& counts() const { return counts_; }
  // Inputs that are acknowledged or still open and have no final effect yet.
  std::uint64_t unfinished() const { return unfinished_; }

  std::size_t size() const { return operations_.size(); }
  // id < size().
  Operation operation(OpId id) const;
  std::optional<OpId> find(std::string_view key) const;
  std::string key(OpId id) const;
  History history(OpId id) const;

  // Effects whose key was never attempted, once each.
  std::vector<Effect> unexpected() const;
  // The first contradiction among the records; a ledger with one proves nothing.
  const std::optional<std::string>& inconsistency() const { return inconsistency_; }

  // Gives out records that fold to this ledger again (retries become one attempt; deliveries are left out).
  void replay(const std::function<void(const Record&)>& visit) const;

 private:
  struct Folded {
    base::Instant attempted_at;
    base::Instant ended_at;
    std::uint64_t stream_seq = 0;
    std::uint32_t reason = 0;
    std::uint32_t deliveries = 0;
    std::uint16_t attempts = 0;
    State state = State::open;
    bool duplicate = false;
    bool maybe_accepted = false;  // an earlier attempt ended unknown: a later failure does not undo that
  };

  StageEffects& stage_of(OpId id, Stage stage) { return effects_[id * layout_.stages.size() + stage]; }
  bool counts_as_unfinished(OpId id) const;
  void set_state(OpId id, State state);
  void begin_operation(const Attempt& attempt);
  void retry_operation(const Attempt& attempt);
  std::uint64_t& count_of(State state);
  void add_effect_of(OpId id, const Effect& effect);
  void add_unexpected(const Effect& effect);
  void adopt_unexpected(OpId id, const std::string& key);
  void contradiction(std::string what);
  std::uint32_t intern_reason(const std::string& reason);

  Layout layout_;
  std::vector<Folded> operations_;
  std::vector<StageEffects> effects_;                          // operations × stages
  std::unordered_map<OpId, std::vector<Effect>> repeats_;      // effects beyond the first of their stage
  std::unordered_map<std::string, OpId> ids_of_foreign_keys_;  // those that are not <key_prefix><id>
  std::unordered_map<OpId, std::string> foreign_keys_;
  std::map<std::string, std::vector<Effect>> unexpected_;  // by key
  std::set<std::pair<Stage, std::uint64_t>> unexpected_seen_;
  std::vector<std::string> reasons_;
  std::map<std::string, std::uint32_t> reason_index_;
  std::optional<std::string> inconsistency_;
  Counts counts_;
  std::uint64_t unfinished_ = 0;
  bool has_requests_ = false;  // a reply acknowledges without a sequence
};

// One line with everything known: "p-592 #593 · attempted 09:41:12.601 · PubAck 09:41:12.604 · assignment
// #593 09:41:12.606 · no usage". Times are UTC.
std::string describe(const History& history, const Layout& layout);

}  // namespace squall::ledger
