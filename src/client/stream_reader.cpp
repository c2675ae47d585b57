#include "client/stream_reader.h"

#include "client/direct_reader.h"
#include "client/pull_reader.h"

namespace squall::client {

namespace asio = boost::asio;

namespace {

using Batch = std::vector<StoredMessage>;

OperationError out_of_time(std::uint64_t next_seq, std::uint64_t last_seq) {
  return {.kind = ErrorKind::kTimedOut,
          .text = fmt::format("the scan got to sequence {} of {} before the deadline", next_seq, last_seq)};
}

// Where a consumer of ours would take messages away, or keep them: a work queue, an interest stream.
bool allows_a_consumer(const StreamStatus& stream) {
  return stream.config.value("retention", std::string("limits")) == "limits";
}

asio::awaitable<Outcome<void>> visit_by_pull(PullReader& reader, std::uint64_t last_seq,
                                             base::Instant deadline, const MessageVisitor& visit) {
  constexpr std::size_t kBatch = 4096;
  // The last messages may be deleted, so the sequence alone does not tell the end.
  std::uint64_t left = reader.pending_at_open();
  while (left > 0) {
    Outcome<Batch> batch = co_await reader.next_batch(kBatch, deadline);
    if (!batch) co_return std::unexpected(batch.error());
    if (batch->empty()) co_return std::unexpected(out_of_time(reader.next_seq(), last_seq));
    for (StoredMessage& message : *batch) {
      if (message.stream_seq > last_seq) co_return Outcome<void>{};
      left = message.stream_seq == last_seq ? 0 : message.num_pending;
      visit(message);
      if (left == 0) break;
    }
  }
  co_return Outcome<void>{};
}

asio::awaitable<Outcome<void>> visit_directly(JetStream& jetstream, std::string stream,
                                              std::uint64_t first_seq, std::uint64_t last_seq,
                                              base::Instant deadline, const MessageVisitor& visit) {
  while (first_seq <= last_seq) {
    Outcome<StoredMessage> message = co_await jetstream.next_message(stream, first_seq, ">", deadline);
    if (!message) {
      if (message.error().number == kMessageNotFound) break;
      if (message.error().kind != ErrorKind::kTimedOut) co_return std::unexpected(message.error());
      co_return std::unexpected(out_of_time(first_seq, last_seq));
    }
    if (message->stream_seq > last_seq) break;
    first_seq = message->stream_seq + 1;
    visit(*message);
  }
  co_return Outcome<void>{};
}

}  // namespace

asio::awaitable<Outcome<std::unique_ptr<StreamReader>>> StreamReader::open(
    std::shared_ptr<Connection> connection, StreamReaderOptions options, base::Instant deadline) {
  JetStream jetstream(connection);
  const Outcome<StreamStatus> stream = co_await jetstream.stream(options.stream, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  if (!allows_a_consumer(*stream)) {
    co_return std::make_unique<DirectReader>(std::move(connection), std::move(options));
  }
  Outcome<std::unique_ptr<PullReader>> reader =
      co_await PullReader::open(std::move(connection), std::move(options), deadline);
  if (!reader) co_return std::unexpected(reader.error());
  co_return std::move(*reader);
}

asio::awaitable<Outcome<void>> visit_stream(std::shared_ptr<Connection> connection, std::string stream,
                                            std::uint64_t first_seq, base::Instant deadline,
                                            MessageVisitor visit) {
  JetStream jetstream(connection);
  const Outcome<StreamStatus> status = co_await jetstream.stream(stream, deadline);
  if (!status) co_return std::unexpected(status.error());
  if (status->last_seq < first_seq) co_return Outcome<void>{};
  if (!allows_a_consumer(*status)) {
    Outcome<void> done =
        co_await visit_directly(jetstream, stream, first_seq, status->last_seq, deadline, visit);
    co_return done;
  }
  StreamReaderOptions options{.stream = stream, .first_seq = first_seq};
  const Outcome<std::unique_ptr<PullReader>> reader =
      co_await PullReader::open(connection, std::move(options), deadline);
  if (!reader) co_return std::unexpected(reader.error());
  Outcome<void> done = co_await visit_by_pull(**reader, status->last_seq, deadline, visit);
  co_await (*reader)->close(deadline);
  co_return done;
}

asio::awaitable<Outcome<Batch>> scan_stream(std::shared_ptr<Connection> connection, std::string stream,
                                            std::uint64_t first_seq, base::Instant deadline) {
  const auto all = std::make_shared<Batch>();
  MessageVisitor keep = [all](StoredMessage& message) { all->push_back(std::move(message)); };
  const Outcome<void> done =
      co_await visit_stream(std::move(connection), std::move(stream), first_seq, deadline, std::move(keep));
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*all);
}

}  // namespace squall::client
