// The StreamReader of a stream that keeps its messages by limits: an ephemeral pull consumer. Private to
// client/.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "client/stream_reader.h"

namespace squall::client {

class PullReader : public StreamReader {
 public:
  static boost::asio::awaitable<Outcome<std::unique_ptr<PullReader>>> open(
      std::shared_ptr<Connection> connection, StreamReaderOptions options, base::Instant deadline);

  boost::asio::awaitable<Outcome<std::vector<StoredMessage>>> next_batch(std::size_t max,
                                                                         base::Instant deadline) override;
  std::uint64_t next_seq() const override { return feed_->next_seq; }
  // How many messages waited when it was opened.
  std::uint64_t pending_at_open() const { return pending_at_open_; }
  boost::asio::awaitable<void> close(base::Instant deadline) override;

 private:
  // What arrives. Shared with the callbacks, which may come after the reader is gone.
  struct Feed {
    explicit Feed(const boost::asio::any_io_executor& executor) : arrival(executor) {}

    void on_message(const MessageView& message);
    void on_status(int status, std::string_view description);
    void fail(OperationError error);

    boost::asio::steady_timer arrival;  // cancelled when there is something to look at
    std::deque<StoredMessage> ready;
    std::uint64_t next_seq = 1;
    std::uint64_t last_consumer_seq = 0;
    std::size_t asked_for = 0;  // messages that the server still owes to our pulls
    base::Instant heard_at{};   // when the server last said anything about our pulls
    std::optional<OperationError> broken;
  };

  PullReader(std::shared_ptr<Connection> connection, StreamReaderOptions options);

  // Asks for more when little is left of what was asked for.
  void pull();
  boost::asio::awaitable<void> look_for_consumer(base::Instant deadline);
  std::vector<StoredMessage> take(std::size_t max);

  std::shared_ptr<Connection> connection_;
  StreamReaderOptions options_;
  std::shared_ptr<Feed> feed_;
  std::string inbox_;
  Subscription subscription_;
  std::string consumer_;
  std::uint64_t pending_at_open_ = 0;
  base::Instant pulls_end_at_{};  // when the server has forgotten the pulls that it did not fill
};

}  // namespace squall::client
