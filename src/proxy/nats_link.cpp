#include "proxy/nats_link.h"

#include <algorithm>

namespace squall::proxy {

base::Result<void> NatsLink::add(fault::NatsFault fault, base::Instant) {
  const auto id = rules_.add(std::move(fault));
  if (!id) return std::unexpected(id.error());
  needs_changed();
  for (NatsConnection* connection : connections_) {
    if (connection->is_established_) connection->strike(*id);
  }
  return {};
}

bool NatsLink::remove(std::string_view name) {
  const auto id = rules_.remove(name);
  if (!id) return false;
  needs_changed();
  for (NatsConnection* connection : connections_) connection->healed(*id);
  return true;
}

void NatsLink::remove_all() {
  while (!rules_.empty()) remove(std::string(rules_.faults().front().fault.name));
}

base::Result<std::uint64_t> NatsLink::arm(MomentWatch watch) {
  auto id = moments_.arm(std::move(watch));
  needs_changed();
  return id;
}

bool NatsLink::disarm(std::uint64_t watch) {
  const bool was_armed = moments_.disarm(watch);
  needs_changed();
  return was_armed;
}

bool NatsLink::release(std::uint64_t event, Release how) {
  for (NatsConnection* connection : connections_) {
    if (connection->release(event, how)) return true;
  }
  return false;
}

bool NatsLink::holds(std::uint64_t event) const {
  return std::ranges::any_of(connections_,
                             [event](const NatsConnection* connection) { return connection->holds(event); });
}

void NatsLink::needs_changed() {
  NatsTracker::Needs needs = rules_.needs();
  if (!moments_.empty()) needs = {.answers = true, .deliveries = true};
  for (NatsConnection* connection : connections_) connection->tracker_.need(needs);
}

}  // namespace squall::proxy
