// Times and sequences of inputs: of the most recent ones, and of those that are not settled. All others have
// only their card. So a window around a fault can be looked at exactly, and memory does not grow with the
// run.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "ledger/record.h"

namespace squall::ledger {

// The stored effects of one input in one stage.
struct StageEffects {
  std::uint32_t count = 0;
  std::uint64_t first_seq = 0;
  base::Instant first_at;     // meaningless while count is 0
  base::Instant complete_at;  // of the last one of those declared; meaningless before

  bool operator==(const StageEffects&) const = default;
};

struct Facts {
  base::Instant attempted_at;     // of the first attempt
  base::Instant last_attempt_at;  // of the last
  base::Instant intended_at;      // attempted_at, unless the schedule wanted it earlier
  base::Instant ended_at;         // of the outcome that counts
  base::Instant confirmed_at;     // of our consumer's ack; meaningless without the card's flag
  std::uint64_t stream_seq = 0;   // as acknowledged
  std::uint64_t stored_seq = 0;   // as found by the scan
  std::uint32_t source = 0;
  std::uint32_t order_key = 0;
  std::uint32_t reason = 0;
  std::uint32_t deliveries = 0;
  std::uint32_t attempts = 1;
  std::uint8_t stored_in = 0;  // the stream it was found in
  std::optional<std::uint32_t> checksum;
};

class FactsTable {
 public:
  // Keeps at least the `keep` most recent inputs.
  FactsTable(std::size_t stages, std::size_t keep) : stages_(stages), keep_(keep), no_effects_(stages) {}

  struct Entry {
    Facts* facts = nullptr;
    std::span<StageEffects> effects;
    explicit operator bool() const { return facts != nullptr; }
  };
  struct ConstEntry {
    const Facts* facts = nullptr;
    std::span<const StageEffects> effects;
    explicit operator bool() const { return facts != nullptr; }
  };

  // Of the next id, or of so many.
  void append(const Facts& facts, std::size_t times = 1);
  // Nothing where they are no longer known. Valid until the next append().
  Entry find(OpId id);
  ConstEntry find(OpId id) const;

  // Everything from this id on is known.
  OpId first_recent() const { return first_; }
  // Lets go of what is too old and settled. Of what is not settled, so many are kept besides.
  void let_go(const std::function<bool(OpId)>& settled);
  bool too_many() const { return size_ > first_ + keep_ + 2 * kPerPage; }
  // Unsettled ones before first_recent(), in no order.
  std::vector<OpId> stragglers() const;
  // Unsettled inputs whose facts had to be let go.
  std::uint64_t forgotten() const { return forgotten_; }

 private:
  static constexpr std::size_t kPerPage = 1024;
  static constexpr std::size_t kMaxStragglers = 1 << 16;
  static constexpr OpId kLeastBetweenSweeps = kMaxStragglers / 16;
  static constexpr OpId kMostBetweenSweeps = kMaxStragglers * 4;
  // Inputs with the same facts and no effect: one entry for all of them, until somebody writes to one.
  struct Alike {
    std::size_t end = 0;  // index in the page behind the last of them
    Facts facts;
  };
  struct Page {
    std::vector<Alike> alike;  // else the two below hold an entry for each input
    std::vector<Facts> facts;
    std::vector<StageEffects> effects;
  };
  struct Straggler {
    Facts facts;
    std::vector<StageEffects> effects;
  };

  static Page& writable(std::shared_ptr<Page>& page) {
    if (page.use_count() > 1) page = std::make_shared<Page>(*page);
    return *page;
  }
  void append_each(Page& page, const Facts& facts, std::size_t times) const;
  void tell_apart(Page& page) const;
  static std::size_t end_of_alike(const Page& page, std::size_t index);
  ConstEntry look(const Page& page, std::size_t index) const;

  std::size_t stages_;
  std::size_t keep_;
  std::vector<StageEffects> no_effects_;
  OpId first_ = 0;  // of pages_.front()
  OpId size_ = 0;
  std::uint64_t forgotten_ = 0;
  OpId last_sweep_ = 0;                      // through all stragglers, at this input
  bool settles_ = false;                     // some of the last page were settled
  std::deque<std::shared_ptr<Page>> pages_;  // shared with copies until written
  std::unordered_map<OpId, Straggler> stragglers_;
};

}  // namespace squall::ledger
