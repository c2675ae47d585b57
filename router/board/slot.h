// One process's place on the board. The process itself writes its counters, gauges and beats; the parent that
// starts and buries it writes its life (pid, state, restarts). Every value is a lock-free atomic of its own;
// readers see each one whole, and several of them not necessarily of the same instant.
//
// Counters are never reset: they belong to the place ("decide-0"), not to the process that fills it now.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "router/board/counters.h"
#include "router/board/latency.h"
#include "router/board/shared_text.h"

namespace router::board {

enum class Role : std::uint32_t { guardian, supervisor, result, admin, decide };
enum class State : std::uint32_t { absent, starting, running, draining, dead };
enum class NatsStatus : std::uint32_t { disconnected, connecting, connected };
enum class Backpressure : std::uint32_t { inactive, warning, active };
enum class Breaker : std::uint32_t { closed, half_open, open };

// "guardian", "decide", …
std::string_view name_of(Role role);
std::string_view name_of(State state);
std::string_view name_of(NatsStatus status);
std::string_view name_of(Backpressure state);
std::string_view name_of(Breaker state);
std::optional<Role> role_named(std::string_view text);
// The value of router_nats_connection_status: 0, 0.5, 1.
double gauge_of(NatsStatus status);

struct BreakerEntry {
  std::string tenant;
  std::string provider;
  Breaker state = Breaker::closed;
};

class Slot {
 public:
  static constexpr std::size_t kBreakers = 64;

  Role role() const { return role_.load(std::memory_order_relaxed); }
  int index() const { return index_.load(std::memory_order_relaxed); }
  // "decide-0", "result".
  std::string name() const;

  // ---- written by the process of the slot ----
  void beat(Instant now) { beat_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  void set_nats_status(NatsStatus status) { nats_status_.store(status, std::memory_order_relaxed); }
  // Whether it pulls: a request is outstanding at the broker, or it is busy with what it got.
  void set_consuming(bool consuming) { consuming_.store(consuming, std::memory_order_relaxed); }
  void set_in_flight(std::int64_t messages) { in_flight_.store(messages, std::memory_order_relaxed); }
  void count(Counter counter, std::uint64_t by = 1) {
    counters_[static_cast<std::size_t>(counter)].fetch_add(by, std::memory_order_relaxed);
  }
  // Decide: from taking a request off the wire until it is acked.
  void record_latency(Nanos latency, Instant now) { latency_.record(latency, now); }
  // Admin only.
  void set_backpressure(Backpressure state) { backpressure_.store(state, std::memory_order_relaxed); }
  void set_pending(std::int64_t messages) { pending_.store(messages, std::memory_order_relaxed); }
  // Decide only, and from one thread at a time. Names are cut to 47 bytes. When all places are taken, a
  // closed breaker's is reused; when there is none, the state is not shown (and false returned).
  bool set_breaker(std::string_view tenant, std::string_view provider, Breaker state);

  // ---- written by the parent ----
  void place(Role role, int index);  // once, when the board is made
  void prepare(Instant now);         // right before the process is started: state starting, no leftovers
  void set_pid(int pid) { pid_.store(pid, std::memory_order_relaxed); }
  void set_state(State state) { state_.store(state, std::memory_order_relaxed); }
  // The process is gone: no pid, not connected, not consuming, no breakers. Counters stay.
  void buried();
  void count_restart() { restarts_.fetch_add(1, std::memory_order_relaxed); }

  // ---- read by anybody ----
  int pid() const { return pid_.load(std::memory_order_relaxed); }  // 0: none
  State state() const { return state_.load(std::memory_order_relaxed); }
  std::optional<Instant> started() const { return instant_of(started_ns_); }
  std::optional<Instant> last_beat() const { return instant_of(beat_ns_); }
  // How often this one was started again after its own death (not after its supervisor's).
  std::uint64_t restarts() const { return restarts_.load(std::memory_order_relaxed); }
  NatsStatus nats_status() const { return nats_status_.load(std::memory_order_relaxed); }
  bool consuming() const { return consuming_.load(std::memory_order_relaxed); }
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t counter(Counter counter) const {
    return counters_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }
  const LatencyRecorder& latency() const { return latency_; }
  Backpressure backpressure() const { return backpressure_.load(std::memory_order_relaxed); }
  std::int64_t pending() const { return pending_.load(std::memory_order_relaxed); }
  std::vector<BreakerEntry> breakers() const;

 private:
  struct BreakerCell {
    SharedText<96> key;  // tenant '\n' provider; empty: free
    std::atomic<Breaker> state{};
  };

  static std::optional<Instant> instant_of(const std::atomic<std::int64_t>& ns) {
    const std::int64_t value = ns.load(std::memory_order_relaxed);
    if (value == 0) return std::nullopt;
    return Instant{Nanos{value}};
  }

  std::atomic<Role> role_{};
  std::atomic<int> index_{};
  std::atomic<int> pid_{};
  std::atomic<State> state_{};
  std::atomic<std::int64_t> started_ns_{};
  std::atomic<std::uint64_t> restarts_{};
  std::atomic<std::int64_t> beat_ns_{};
  std::atomic<NatsStatus> nats_status_{};
  std::atomic<bool> consuming_{};
  std::atomic<std::int64_t> in_flight_{};
  std::atomic<std::int64_t> pending_{};
  std::atomic<Backpressure> backpressure_{};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count_)> counters_{};
  LatencyRecorder latency_;
  std::array<BreakerCell, kBreakers> breakers_{};
};

}  // namespace router::board
