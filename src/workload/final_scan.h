// What is left on the input's side once the faults are healed and the system had its time: which inputs the
// stream holds, and how far each consumer got. Everything found becomes a ledger record.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "workload/identity.h"
#include "workload/recorder.h"

namespace squall::workload {

// Where inputs are stored, and who consumes them.
struct InputStream {
  std::string stream;
  std::vector<std::string> consumers;  // those whose work the effects are
  // Where an input's identity stands in its stored message.
  IdentityPlace match{.kind = IdentityPlace::Kind::kHeader, .name = "Nats-Msg-Id"};
  std::optional<std::string> carried;  // as PublisherOptions::carried
  std::uint64_t first_seq = 1;         // what was stored before it is not looked at
};

// Whether the stream's consumers have nothing left to do. `left` says what they have: "worker: 12 not
// delivered, 3 not acked". A server that does not answer has something left.
struct ConsumersLeft {
  std::string left;  // empty: nothing
};
// Who was seen to be served in any look: a service that fetches, works and fetches again waits for nothing
// most of the time.
struct ServedConsumer {
  bool served = false;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> last;  // delivered, ack floor
};
using ServedConsumers = std::map<std::string, ServedConsumer>;
boost::asio::awaitable<ConsumersLeft> look_at_consumers(std::shared_ptr<client::Connection> connection,
                                                        const InputStream& inputs, ServedConsumers& served,
                                                        base::Instant deadline);

// Records ScanBegan, a Stored for each input of ours in the stream (by identity; others' messages are left
// out), ScanEnded, and a ConsumerState for each consumer. What cannot be had is said in ScanEnded and as a
// doubt.
boost::asio::awaitable<void> scan_inputs(std::shared_ptr<client::Connection> connection,
                                         const InputStream& inputs, Recorder& recorder,
                                         base::Instant deadline);

// Records an Exhausted for each message that a consumer of the stream gave up (max_deliver). Advisories are
// not kept for who is away: what the server said while there was no connection is missed.
class ExhaustionWatch {
 public:
  ExhaustionWatch(InputStream inputs, Recorder& recorder) : inputs_(std::move(inputs)), recorder_(recorder) {}

  // To be called with each new connection; watches until that closes. `connection` is kept by the caller.
  client::Outcome<void> watch(client::Connection& connection);

 private:
  void take(std::string_view advisory);

  InputStream inputs_;
  Recorder& recorder_;
  client::Subscription subscription_;
};

}  // namespace squall::workload
