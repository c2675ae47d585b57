#include "run/consumer_pulse.h"

namespace squall::run {
namespace {

// Only forwards: a server that was killed may come back with an older state, which nobody's work has brought
// about.
bool moved(const client::ConsumerStatus& before, const client::ConsumerStatus& now) {
  if (now.delivered_consumer_seq != before.delivered_consumer_seq) {
    return now.delivered_consumer_seq > before.delivered_consumer_seq;
  }
  return now.ack_floor_consumer_seq > before.ack_floor_consumer_seq ||
         now.num_ack_pending < before.num_ack_pending;
}

}  // namespace

bool ConsumerPulse::is_served(const client::ConsumerStatus& now, base::Instant at) {
  if (before_ && moved(*before_, now)) moved_at_ = at;
  before_ = now;
  if (now.num_waiting > 0 || now.push_bound) return true;
  return moved_at_ && at - *moved_at_ <= kBetweenFetches;
}

}  // namespace squall::run
