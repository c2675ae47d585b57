// Reads a stream from a sequence on without touching the user's consumers: through an ephemeral pull consumer
// of its own where the stream keeps its messages by limits (no acks, in memory, gone by itself when unused),
// else message by message (a consumer on a work queue would take its messages away). It does not survive its
// consumer: after a broker's SIGKILL next_batch() says so, and the caller makes a new reader from next_seq().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "client/outcome.h"

namespace squall::client {

struct StreamReaderOptions {
  std::string stream;
  std::uint64_t first_seq = 1;
  std::string filter_subject;  // empty: all
  std::size_t prefetch = 512;  // messages asked for ahead of next_batch()
};

// Thread: the connection's. Lifetime: keeps its connection alive. The destructor leaves the consumer to the
// server, which removes it 30 s after the last pull; close() removes it now.
class StreamReader {
 public:
  virtual ~StreamReader() = default;

  // Errors: the stream is not there (10059), the connection is lost, the deadline.
  static boost::asio::awaitable<Outcome<std::unique_ptr<StreamReader>>> open(
      std::shared_ptr<Connection> connection, StreamReaderOptions options, base::Instant deadline);

  // Waits for at least one message and returns what has come, at most `max`; empty when the deadline passed
  // without any. Errors: the connection is lost, or the consumer has vanished (kNotSent, kConnectionLost,
  // kNoResponders, kRefused, kBadReply); messages that came before are returned first, and then the error
  // each time. One call at a time.
  virtual boost::asio::awaitable<Outcome<std::vector<StoredMessage>>> next_batch(std::size_t max,
                                                                                 base::Instant deadline) = 0;

  // Where the next reader must start so that nothing is missed or repeated.
  virtual std::uint64_t next_seq() const = 0;

  // Deletes the consumer. Best effort: the server would do it anyway.
  virtual boost::asio::awaitable<void> close(base::Instant deadline) = 0;
};

// Shows `visit` everything stored from `first_seq` up to the stream's last sequence at the time of the call.
// Errors: as above, and kTimedOut when the deadline passed first.
using MessageVisitor = std::function<void(StoredMessage&)>;
boost::asio::awaitable<Outcome<void>> visit_stream(std::shared_ptr<Connection> connection, std::string stream,
                                                   std::uint64_t first_seq, base::Instant deadline,
                                                   MessageVisitor visit);

// All of it at once: everything stored from `first_seq` up to the stream's last sequence at the time of the
// call. Errors: as above, and kTimedOut when the deadline passed first.
boost::asio::awaitable<Outcome<std::vector<StoredMessage>>> scan_stream(
    std::shared_ptr<Connection> connection, std::string stream, std::uint64_t first_seq,
    base::Instant deadline);

}  // namespace squall::client
