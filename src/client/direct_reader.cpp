#include "client/direct_reader.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace squall::client {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kAskAgainAfter = std::chrono::milliseconds{5};

}  // namespace

asio::awaitable<Outcome<std::vector<StoredMessage>>> DirectReader::next_batch(std::size_t max,
                                                                              base::Instant deadline) {
  std::vector<StoredMessage> batch;
  const std::string filter = options_.filter_subject.empty() ? ">" : options_.filter_subject;
  asio::steady_timer pause(jetstream_.connection()->executor());
  while (batch.size() < max) {
    Outcome<StoredMessage> message =
        co_await jetstream_.next_message(options_.stream, options_.first_seq, filter, deadline);
    if (message) {
      options_.first_seq = message->stream_seq + 1;
      batch.push_back(std::move(*message));
      continue;
    }
    const OperationError& error = message.error();
    const bool at_the_end = error.number == kMessageNotFound;
    if (!at_the_end && error.kind != ErrorKind::kTimedOut && batch.empty()) co_return std::unexpected(error);
    if (!batch.empty() || base::now() >= deadline) break;
    pause.expires_at(std::min(deadline, base::now() + kAskAgainAfter));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return batch;
}

asio::awaitable<void> DirectReader::close(base::Instant) { co_return; }

}  // namespace squall::client
