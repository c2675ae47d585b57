#include "router/board/slot.h"

#include <fmt/format.h>

#include <array>

namespace router::board {
namespace {

constexpr std::array<std::string_view, 5> kRoles{"guardian", "supervisor", "result", "admin", "decide"};
constexpr std::array<std::string_view, 5> kStates{"absent", "starting", "running", "draining", "dead"};
constexpr std::array<std::string_view, 3> kNats{"disconnected", "connecting", "connected"};
constexpr std::array<std::string_view, 3> kBackpressure{"inactive", "warning", "active"};
constexpr std::array<std::string_view, 3> kBreaker{"closed", "half_open", "open"};

// Values come from shared memory, so one outside the enum is shown, not trusted.
template <std::size_t kCount, typename Enum>
std::string_view name_in(const std::array<std::string_view, kCount>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < kCount ? names[index] : "unknown";
}

}  // namespace

std::string_view name_of(Role role) { return name_in(kRoles, role); }
std::string_view name_of(State state) { return name_in(kStates, state); }
std::string_view name_of(NatsStatus status) { return name_in(kNats, status); }
std::string_view name_of(Backpressure state) { return name_in(kBackpressure, state); }
std::string_view name_of(Breaker state) { return name_in(kBreaker, state); }

std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

double gauge_of(NatsStatus status) {
  switch (status) {
    case NatsStatus::disconnected:
      return 0.0;
    case NatsStatus::connecting:
      return 0.5;
    case NatsStatus::connected:
      return 1.0;
  }
  return 0.0;
}

std::string Slot::name() const {
  if (role() != Role::decide) return std::string(name_of(role()));
  return fmt::format("decide-{}", index());
}

void Slot::place(Role role, int index) {
  role_.store(role, std::memory_order_relaxed);
  index_.store(index, std::memory_order_relaxed);
}

void Slot::prepare(Instant now) {
  buried();
  started_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  beat_ns_.store(0, std::memory_order_relaxed);
  state_.store(State::starting, std::memory_order_relaxed);
}

void Slot::buried() {
  pid_.store(0, std::memory_order_relaxed);
  state_.store(State::dead, std::memory_order_relaxed);
  nats_status_.store(NatsStatus::disconnected, std::memory_order_relaxed);
  consuming_.store(false, std::memory_order_relaxed);
  in_flight_.store(0, std::memory_order_relaxed);
  for (BreakerCell& cell : breakers_) cell.key.write({});
}

bool Slot::set_breaker(std::string_view tenant, std::string_view provider, Breaker state) {
  const std::string key = fmt::format("{}\n{}", tenant.substr(0, 47), provider.substr(0, 47));
  BreakerCell* place = nullptr;
  for (BreakerCell& cell : breakers_) {
    const std::string taken = cell.key.read();
    if (taken == key) {
      cell.state.store(state, std::memory_order_relaxed);
      return true;
    }
    const bool reusable = taken.empty() || cell.state.load(std::memory_order_relaxed) == Breaker::closed;
    if (place == nullptr && reusable) place = &cell;
  }
  if (place == nullptr) return false;
  place->key.write({});
  place->state.store(state, std::memory_order_relaxed);
  place->key.write(key);
  return true;
}

std::vector<BreakerEntry> Slot::breakers() const {
  std::vector<BreakerEntry> entries;
  for (const BreakerCell& cell : breakers_) {
    const std::string key = cell.key.read();
    const std::size_t split = key.find('\n');
    if (split == std::string::npos) continue;
    entries.push_back(
        {key.substr(0, split), key.substr(split + 1), cell.state.load(std::memory_order_relaxed)});
  }
  return entries;
}

}  // namespace router::board
