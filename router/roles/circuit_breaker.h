// Keeps work away from a provider that fails, per tenant and provider. In memory: it starts closed with the
// process.
//
// Closed → open: so many failures in a row, or a ratio of failures over at least so many calls in a sliding
// window. Open → half-open after a while: a few probes at a time, each with a lease, in case its outcome
// never comes. Half-open → closed after some successes; → open again at the first failure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "router/board/slot.h"
#include "router/config/router_config.h"

namespace router::roles {

using squall::base::Instant;

class CircuitBreaker {
 public:
  explicit CircuitBreaker(const config::BreakerSettings& settings) : settings_(&settings) {}

  // Whether work may go there. In half-open this takes one of the probes.
  bool admit(Instant now);
  void record(bool success, Instant now);
  board::Breaker state(Instant now) const;
  // Closed, and nothing happened for so long that forgetting it changes nothing.
  bool is_forgettable(Instant now) const;

 private:
  static constexpr std::size_t kSlices = 60;
  struct Slice {
    std::int64_t number = -1;  // which span of time it counts for
    int calls = 0;
    int failures = 0;
  };

  void open(Instant now);
  void count(bool success, Instant now);
  bool fails_too_often(Instant now) const;
  std::int64_t slice_number(Instant now) const;

  const config::BreakerSettings* settings_;
  std::array<Slice, kSlices> slices_{};
  std::vector<Instant> leases_;  // of half-open probes: when each ends
  Instant opened_at_{};
  Instant last_outcome_{};
  int failures_in_a_row_ = 0;
  int probe_successes_ = 0;
  bool open_ = false;  // open, or half-open once open_for has passed
};

// All breakers of one process. Thread: one.
class BreakerBank {
 public:
  using OnChange =
      std::function<void(const std::string& tenant, const std::string& provider, board::Breaker state)>;
  struct Entry {
    std::string tenant;
    std::string provider;
    board::Breaker state;
  };

  // `settings` must outlive the bank.
  explicit BreakerBank(const config::BreakerSettings& settings) : settings_(settings) {}
  void on_change(OnChange callback) { on_change_ = std::move(callback); }

  bool admit(const std::string& tenant, const std::string& provider, Instant now);
  void record(const std::string& tenant, const std::string& provider, bool success, Instant now);
  std::vector<Entry> entries(Instant now) const;
  void forget_idle(Instant now);

 private:
  static constexpr std::size_t kMost = 10'000;
  using Key = std::pair<std::string, std::string>;

  void tell_if_changed(const Key& key, board::Breaker before, board::Breaker after);

  const config::BreakerSettings& settings_;
  std::map<Key, CircuitBreaker> breakers_;
  OnChange on_change_;
};

}  // namespace router::roles
