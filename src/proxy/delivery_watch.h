// What a link sees of a run's inputs on their way to a consumer: which were handed out, and of which an ack
// was confirmed. An input is known by its identity, <key_prefix><number>, wherever in the message it stands.
// Sans-IO.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "proxy/nats_tracker.h"
#include "wire/frame.h"

namespace squall::proxy {

// An input that the server handed out, or whose ack it confirmed (a client that asked for that: AckSync).
struct HandedOut {
  std::uint64_t number = 0;  // of the input
  std::uint64_t stream_seq = 0;
  std::uint64_t delivered = 0;  // as the server counts, 1 at the first; 0: its ack is confirmed
  base::Instant at;

  bool operator==(const HandedOut&) const = default;
};

struct WatchedDeliveries {
  std::string stream;
  std::string consumer;
  std::string key_prefix;

  bool operator==(const WatchedDeliveries&) const = default;
};

class DeliveryWatch {
 public:
  explicit DeliveryWatch(WatchedDeliveries watched) : watched_(std::move(watched)) {}

  // In the order in which they pass, each once; whole.
  void see(const wire::Frame& frame, base::Instant now);
  // What was seen since the last call, in its order.
  std::vector<HandedOut> take() { return std::exchange(seen_, {}); }
  bool empty() const { return seen_.empty(); }

 private:
  void delivery(const wire::Msg& msg, base::Instant now);
  void ack(const wire::Pub& pub);
  std::optional<std::uint64_t> number_in(std::string_view text) const;

  WatchedDeliveries watched_;
  std::vector<HandedOut> seen_;
  FadingMap handed_{16 * 1024};    // ack subject → number
  FadingMap confirms_{16 * 1024};  // inbox of a confirmation → ack subject
  std::string ack_subject_;
};

}  // namespace squall::proxy
