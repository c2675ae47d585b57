#include "client/stream_reader.h"

#include "client/direct_reader.h"
#include "client/pull_reader.h"

namespace squall::client {

namespace asio = boost::asio;

namespace {

using Batch = std::vector<StoredMessage>;

asio::awaitable<Outcome<Batch>> read_up_to(StreamReader& reader, std::uint64_t last_seq,
                                           base::Instant deadline) {
  constexpr std::size_t kBatch = 4096;
  Batch all;
  // The last messages may be deleted, so the sequence alone does not tell the end.
  std::uint64_t left = reader.pending_at_open();
  while (left > 0) {
    Outcome<Batch> batch = co_await reader.next_batch(kBatch, deadline);
    if (!batch) co_return std::unexpected(batch.error());
    if (batch->empty()) {
      co_return std::unexpected(
          OperationError{.kind = ErrorKind::kTimedOut,
                         .text = fmt::format("the scan reached sequence {} of {} before the deadline",
                                             reader.next_seq() - 1, last_seq)});
    }
    for (StoredMessage& message : *batch) {
      if (message.stream_seq > last_seq) co_return all;
      left = message.stream_seq == last_seq ? 0 : left - 1;
      all.push_back(std::move(message));
      if (left == 0) co_return all;
    }
  }
  co_return all;
}

}  // namespace

asio::awaitable<Outcome<std::unique_ptr<StreamReader>>> StreamReader::open(
    std::shared_ptr<Connection> connection, StreamReaderOptions options, base::Instant deadline) {
  JetStream jetstream(connection);
  const Outcome<StreamStatus> stream = co_await jetstream.stream(options.stream, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  if (stream->config.value("retention", std::string("limits")) == "limits") {
    Outcome<std::unique_ptr<StreamReader>> reader =
        co_await PullReader::open(std::move(connection), std::move(options), deadline);
    co_return reader;
  }
  // An upper bound: what is acked on the way is gone.
  const std::uint64_t first = std::max(options.first_seq, stream->first_seq);
  const std::uint64_t pending =
      stream->messages == 0 || first > stream->last_seq ? 0 : stream->last_seq - first + 1;
  co_return std::make_unique<DirectReader>(std::move(connection), std::move(options), pending);
}

asio::awaitable<Outcome<Batch>> scan_stream(std::shared_ptr<Connection> connection, std::string stream,
                                            std::uint64_t first_seq, base::Instant deadline) {
  JetStream jetstream(connection);
  const Outcome<StreamStatus> status = co_await jetstream.stream(stream, deadline);
  if (!status) co_return std::unexpected(status.error());
  if (status->last_seq < first_seq) co_return Batch{};
  StreamReaderOptions options{.stream = stream, .first_seq = first_seq};
  const Outcome<std::unique_ptr<StreamReader>> reader =
      co_await StreamReader::open(connection, std::move(options), deadline);
  if (!reader) co_return std::unexpected(reader.error());
  Outcome<Batch> all = co_await read_up_to(**reader, status->last_seq, deadline);
  co_await (*reader)->close(deadline);
  co_return all;
}

}  // namespace squall::client
