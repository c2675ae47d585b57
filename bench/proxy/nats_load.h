// Load on a nats-server, over one connection with as little of its own as possible, so that the way to the
// server is what is measured.
#pragma once

#include <cstddef>
#include <cstdint>

#include "blocking_socket.h"

namespace squall::bench {

class NatsLoad {
 public:
  explicit NatsLoad(std::uint16_t port);

  // Makes the stream BENCH (in memory, subject bench.js), or empties it.
  void make_stream();
  // Core publishes at full speed; messages a second until the server has all of them.
  double core(std::size_t count, std::size_t size);
  // JetStream publishes with so many unacknowledged; acknowledged messages a second.
  double asynchronous(std::size_t count, std::size_t size, std::size_t window);
  // JetStream publishes one after the other; the median in microseconds.
  double synchronous(std::size_t count, std::size_t size);

 private:
  void round_trip();
  void ask(std::string_view subject, std::string_view body);
  // Bytes that came; counts PubAcks, and ends the program when one is an error.
  std::size_t acks();

  BlockingSocket socket_;
};

}  // namespace squall::bench
