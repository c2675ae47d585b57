// The StreamReader of work queues and interest streams, where a consumer of ours would take messages away or
// keep them: it asks for one stored message after the other. Slower by a round trip each, and it has to ask
// whether there is something new. Private to client/.
#pragma once

#include <memory>

#include "client/stream_reader.h"

namespace squall::client {

class DirectReader : public StreamReader {
 public:
  DirectReader(std::shared_ptr<Connection> connection, StreamReaderOptions options)
      : jetstream_(std::move(connection)), options_(std::move(options)) {}

  boost::asio::awaitable<Outcome<std::vector<StoredMessage>>> next_batch(std::size_t max,
                                                                         base::Instant deadline) override;
  std::uint64_t next_seq() const override { return options_.first_seq; }
  boost::asio::awaitable<void> close(base::Instant deadline) override;

 private:
  JetStream jetstream_;
  StreamReaderOptions options_;  // first_seq moves on
};

}  // namespace squall::client
