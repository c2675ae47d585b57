// For tests: the whole ledger of a run that kept its promises, drawn from a seed: servers and services that
// are killed, outcomes nobody knows, retries, redeliveries, scans of streams of each retention. And the means
// to lie about it.
#pragma once

#include <algorithm>
#include <vector>

#include "check/disturbance.h"
#include "check/honest_ledger.h"

namespace squall::check::testing {

// One input, as the run meant it.
struct Meant {
  OpId id = 0;
  bool acked = false;
  std::uint64_t seq = 0;  // 0: not in the stream
  bool quiet = true;      // no fault was near
};

struct RandomRun {
  Records records;  // by time, then the scan
  std::vector<Meant> inputs;
  std::vector<Disturbance> disturbances;
  bool server_killed = false;
  ledger::Retention retention = ledger::Retention::limits;

  ledger::Ledger folded() const { return fold(records); }
};

class RandomRunMaker {
 public:
  explicit RandomRunMaker(base::Seed seed) : seed_(seed) {
    run_.retention = static_cast<ledger::Retention>(draw("retention", 3));
    carries_ = draw("carries", 2) == 0;
    keys_ = static_cast<std::uint32_t>(draw("keys", 4));
    count_ = 40 + draw("count", 40);
    if (draw("faults", 3) > 0) add_fault(static_cast<std::int64_t>(80 + draw("when", 100)));
  }

  RandomRun make() {
    add(ledger::Contract{.replicas = 1, .server_version = "2.10.20"}, 0);
    for (OpId id = 0; id < count_; ++id) publish(id);
    // Sequences are given in the order in which the server took the inputs.
    std::ranges::stable_sort(accepted_, {}, &Accepted::at);
    std::uint64_t effects = 0;
    for (std::size_t i = 0; i < accepted_.size(); ++i) work(accepted_[i], i + 1, ++effects);
    for (const Ack& ack : acks_) {
      add(Outcome{ack.id, Acknowledged{run_.inputs[ack.id].seq, ack.duplicate}, at_ms(ack.at)}, ack.at);
    }
    std::ranges::stable_sort(timed_, {}, &Timed::at);
    for (Timed& timed : timed_) run_.records.push_back(std::move(timed.record));
    scan();
    return std::move(run_);
  }

 private:
  struct Timed {
    std::int64_t at;
    Record record;
  };
  struct Accepted {
    OpId id;
    std::int64_t at;
  };
  struct Ack {
    OpId id;
    std::int64_t at;
    bool duplicate;
  };
  static constexpr std::int64_t kStep = 10;
  static constexpr std::int64_t kFault = 100;
  static constexpr std::int64_t kAckWait = 150;

  std::uint64_t draw(std::string_view what, std::uint64_t below) const {
    return seed_.derive(what).below(below);
  }
  std::uint64_t draw(std::string_view what, OpId id, std::uint64_t below) const {
    return seed_.derive(what).derive(id).below(below);
  }
  void add(Record record, std::int64_t at) { timed_.push_back({at, std::move(record)}); }

  void add_fault(std::int64_t at) {
    run_.server_killed = server_ = draw("victim", 2) == 0;
    from_ = at;
    until_ = at + kFault;
    const auto what = server_ ? ledger::FaultClass::process_kill : ledger::FaultClass::service;
    add(ledger::FaultStruck{1, what, server_ ? "nats-1" : "orders", server_ ? 1U : 0U, at_ms(at)}, at);
    add(ledger::FaultHealed{1, at_ms(until_)}, until_);
    run_.disturbances.push_back({at_ms(at), at_ms(until_ + 3 * kAckWait)});
  }
  bool struck(std::int64_t at) const { return from_ <= at && at < until_; }

  std::optional<std::uint32_t> checksum(OpId id) const {
    if (!carries_) return std::nullopt;
    return static_cast<std::uint32_t>((id + 1) * 2'654'435'761U);
  }

  void publish(OpId id) {
    const std::int64_t at = static_cast<std::int64_t>(id) * kStep;
    run_.inputs.push_back({.id = id, .quiet = run_.disturbances.empty() || at < from_ - 20});
    const Attempt attempt{.id = id,
                          .key = key_of(id),
                          .at = at_ms(at),
                          .order_key = keys_ == 0 ? 0 : static_cast<std::uint32_t>(1 + id % keys_),
                          .checksum = checksum(id)};
    add(attempt, at);
    const bool down = server_ && struck(at);
    // The last one is taken: an outage that is not over at the end is no honest run's.
    const std::uint64_t fate = id + 1 == count_ ? 2 : draw("fate", id, 30);
    if (!down && fate > 1) return accept(id, at + 1, true);
    if (down && fate > 20) {
      // Taken just before the server died, and its ack did not get out; or not taken. Sent again afterwards.
      const bool taken = fate > 25;
      if (taken) accepted_.push_back({id, at});
      add(Outcome{id, Unknown{"time-out"}, at_ms(at + 50)}, at + 50);
      Attempt again = attempt;
      const std::int64_t later = until_ + 60 + static_cast<std::int64_t>(id);
      again.at = at_ms(later);
      add(again, later);
      if (!taken) accepted_.push_back({id, later});
      run_.inputs[id].acked = true;
      acks_.push_back({id, later + 1, taken});
      return;
    }
    if (fate == 0 || down) return add(Outcome{id, Failed{"no responders"}, at_ms(at + 1)}, at + 1);
    if (draw("taken", id, 2) == 0) accepted_.push_back({id, at});
    add(Outcome{id, Unknown{"time-out"}, at_ms(at + 50)}, at + 50);
  }

  void accept(OpId id, std::int64_t at, bool acked) {
    accepted_.push_back({id, at});
    run_.inputs[id].acked = acked;
    acks_.push_back({id, at + (draw("late ack", id, 20) == 0 ? 6 : 0), false});
  }

  void work(const Accepted& input, std::uint64_t seq, std::uint64_t effect_seq) {
    run_.inputs[input.id].seq = seq;
    const std::string key = key_of(input.id);
    std::int64_t at = input.at + 1;
    std::uint32_t deliveries = 1;
    const auto deliver = [&] {
      add(ledger::Delivery{key, seq, deliveries, at_ms(at), checksum(input.id)}, at);
    };
    if (struck(at)) {
      // The service got it and died, or it waited for the server.
      if (!server_) {
        deliver();
        ++deliveries;
        at = until_ + kAckWait + static_cast<std::int64_t>(draw("again", input.id, 20));
      } else {
        at = until_ + static_cast<std::int64_t>(seq % 20);
      }
    }
    deliver();
    add(Effect{kAssignment, key, effect_seq, at_ms(at + 1), checksum(input.id)}, at + 1);
    add(Effect{kUsage, key, effect_seq, at_ms(at + 3), checksum(input.id)}, at + 3);
    // Its effect is refused by its message id the second time, or is read twice.
    const std::uint64_t odd = draw("odd", input.id, 20);
    if (odd == 0) {
      ++deliveries;
      add(ledger::Delivery{key, seq, deliveries, at_ms(at + 4), checksum(input.id)}, at + 4);
    }
    if (odd == 1) add(Effect{kUsage, key, effect_seq, at_ms(at + 3), checksum(input.id)}, at + 4);
    add(ledger::Confirmed{key, seq, at_ms(at + 5)}, at + 5);
    // A server that was killed may have forgotten the acks of its last moments.
    if (server_ && at + 5 <= from_ && at + 5 > from_ - 50 && draw("forgot", input.id, 3) == 0) {
      add(ledger::Delivery{key, seq, 1, at_ms(until_ + 30), checksum(input.id)}, until_ + 30);
    }
  }

  void scan() {
    const auto at = at_ms(5'000);
    run_.records.emplace_back(ledger::Circumstance(ledger::ScanBegan{0, "IN", run_.retention, at}));
    const auto last = static_cast<std::uint64_t>(accepted_.size());
    if (run_.retention == ledger::Retention::limits) {
      for (std::size_t i = 0; i < accepted_.size(); ++i) {
        const OpId id = accepted_[i].id;
        run_.records.emplace_back(ledger::Stored{key_of(id), 0, i + 1, at, checksum(id)});
      }
    }
    run_.records.emplace_back(ledger::Circumstance(ledger::ScanEnded{0, 1, last, "", at}));
    run_.records.emplace_back(
        ledger::Circumstance(ledger::ConsumerState{0, "worker", last, last, 0, 0, -1, at}));
  }

  base::Seed seed_;
  RandomRun run_;
  bool carries_ = false;
  bool server_ = false;
  std::uint32_t keys_ = 0;
  OpId count_ = 0;
  std::int64_t from_ = -1;
  std::int64_t until_ = -1;
  std::vector<Timed> timed_;
  std::vector<Accepted> accepted_;
  std::vector<Ack> acks_;
};

inline RandomRun random_run(base::Seed seed) { return RandomRunMaker(seed).make(); }

}  // namespace squall::check::testing
