#include "client/pull_reader.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "wire/jetstream_wire.h"

namespace squall::client {

namespace asio = boost::asio;
using Json = nlohmann::json;

namespace {

constexpr base::Nanos kInactiveThreshold = std::chrono::seconds{30};
constexpr base::Nanos kPullExpires = std::chrono::seconds{5};
// A pull's end should be announced by a status; if none comes, it is taken for over after this.
constexpr base::Nanos kPullGrace = std::chrono::seconds{1};
constexpr base::Nanos kSilence = std::chrono::seconds{1};
// A server gives up a client for which it holds more than 64 MiB, and two pulls may be under way.
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
// A message larger than a pull's bytes would never come; headers and subject come on top of its payload.
constexpr std::size_t kBesidePayload = 256 * 1024;

Json consumer_config(const StreamReaderOptions& options) {
  Json config{{"deliver_policy", "by_start_sequence"},
              {"opt_start_seq", options.first_seq},
              {"ack_policy", "none"},
              {"replay_policy", "instant"},
              {"max_deliver", -1},
              {"num_replicas", 1},
              {"mem_storage", true},
              {"inactive_threshold", kInactiveThreshold.count()}};
  if (!options.filter_subject.empty()) config["filter_subject"] = options.filter_subject;
  return config;
}

}  // namespace

void PullReader::Feed::fail(OperationError error) {
  if (!broken) broken = std::move(error);
  arrival.cancel();
}

void PullReader::Feed::on_status(int status, std::string_view description) {
  if (status == wire::kStatusFlowControlOrHeartbeat) return;
  if (status == wire::kStatusNoResponders) {
    return fail(
        {.kind = ErrorKind::kNoResponders, .code = status, .text = "the reader's consumer has vanished"});
  }
  if (status == wire::kStatusConflict && description.find("Consumer") != std::string_view::npos) {
    return fail({.kind = ErrorKind::kRefused, .code = status, .text = std::string(description)});
  }
  asked_for = 0;  // this pull is over: no messages, expired, leadership change …
  arrival.cancel();
}

void PullReader::Feed::on_message(const MessageView& message) {
  if (broken) return;
  heard_at = base::now();
  if (const int status = message.status(); status != 0) {
    return on_status(status, wire::header_description(message.headers));
  }
  const auto ack = wire::parse_ack_subject(message.reply);
  if (!ack) return fail({.kind = ErrorKind::kBadReply, .text = "a message without an ack subject"});
  // Nothing is delivered twice without acks, so a gap would stay one.
  if (ack->consumer_seq != last_consumer_seq + 1) {
    return fail({.kind = ErrorKind::kBadReply,
                 .text = fmt::format("the consumer went from delivery {} to {}", last_consumer_seq,
                                     ack->consumer_seq)});
  }
  last_consumer_seq = ack->consumer_seq;
  next_seq = ack->stream_seq + 1;
  if (asked_for > 0) --asked_for;
  ready.push_back({.stream_seq = ack->stream_seq,
                   .subject = std::string(message.subject),
                   .headers = std::string(message.headers),
                   .payload = std::string(message.payload),
                   .stored_at = ack->stored_at,
                   .num_pending = ack->num_pending});
  arrival.cancel();
}

PullReader::PullReader(std::shared_ptr<Connection> connection, StreamReaderOptions options)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      feed_(std::make_shared<Feed>(connection_->executor())),
      inbox_(connection_->new_inbox()) {
  feed_->next_seq = options_.first_seq;
  feed_->heard_at = base::now();
}

asio::awaitable<Outcome<std::unique_ptr<PullReader>>> PullReader::open(std::shared_ptr<Connection> connection,
                                                                       StreamReaderOptions options,
                                                                       base::Instant deadline) {
  std::unique_ptr<PullReader> reader(new PullReader(std::move(connection), std::move(options)));
  const std::weak_ptr<Feed> feed = reader->feed_;
  Outcome<Subscription> subscription =
      reader->connection_->subscribe(reader->inbox_, [feed](const MessageView& message) {
        if (const auto alive = feed.lock()) alive->on_message(message);
      });
  if (!subscription) co_return std::unexpected(subscription.error());
  reader->subscription_ = std::move(*subscription);
  reader->connection_->on_closed([feed](const CloseReason& reason) {
    const auto alive = feed.lock();
    if (alive) alive->fail({.kind = ErrorKind::kConnectionLost, .text = "connection lost: " + reason.text});
  });

  JetStream jetstream(reader->connection_);
  const Json config = consumer_config(reader->options_);
  const Outcome<ConsumerStatus> consumer =
      co_await jetstream.create_consumer(reader->options_.stream, config, deadline);
  if (!consumer) co_return std::unexpected(consumer.error());
  reader->consumer_ = consumer->name;
  reader->pending_at_open_ = consumer->num_pending;
  co_return reader;
}

asio::awaitable<Outcome<std::vector<StoredMessage>>> PullReader::next_batch(std::size_t max,
                                                                            base::Instant deadline) {
  const std::shared_ptr<Feed> feed = feed_;
  while (feed->ready.empty()) {
    if (feed->broken) co_return std::unexpected(*feed->broken);
    if (base::now() >= deadline) co_return std::vector<StoredMessage>{};
    if (base::now() >= feed->heard_at + kSilence) {
      co_await look_for_consumer(deadline);
      continue;
    }
    pull();
    feed->arrival.expires_at(std::min(deadline, feed->heard_at + kSilence));
    boost::system::error_code ignored;
    co_await feed->arrival.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  std::vector<StoredMessage> batch = take(max);
  if (!feed->broken) pull();
  co_return batch;
}

// A pull from a consumer that is gone is not answered at all, so silence has to be looked into.
asio::awaitable<void> PullReader::look_for_consumer(base::Instant deadline) {
  JetStream jetstream(connection_);
  const Outcome<ConsumerStatus> consumer = co_await jetstream.consumer(options_.stream, consumer_, deadline);
  if (!consumer && consumer.error().kind == ErrorKind::kRefused) {
    feed_->fail({ErrorKind::kRefused, consumer.error().code, consumer.error().number,
                 "the reader's consumer has vanished: " + consumer.error().text});
  }
  feed_->heard_at = base::now();
}

void PullReader::pull() {
  const base::Instant now = base::now();
  if (now >= pulls_end_at_) feed_->asked_for = 0;
  if (feed_->asked_for + feed_->ready.size() > options_.prefetch / 2) return;
  const std::size_t most = std::max(kMostBytes, connection_->server().max_payload + kBesidePayload);
  const Json request{{"batch", options_.prefetch}, {"max_bytes", most}, {"expires", kPullExpires.count()}};
  const std::string subject = api_subject(*connection_, "CONSUMER.MSG.NEXT", options_.stream, consumer_);
  const Outcome<void> sent = connection_->publish(subject, request.dump(), {}, inbox_);
  if (!sent) return feed_->fail(sent.error());
  feed_->asked_for += options_.prefetch;
  pulls_end_at_ = now + kPullExpires + kPullGrace;
}

std::vector<StoredMessage> PullReader::take(std::size_t max) {
  auto& ready = feed_->ready;
  const auto count = static_cast<std::ptrdiff_t>(std::min(max, ready.size()));
  std::vector<StoredMessage> batch(std::make_move_iterator(ready.begin()),
                                   std::make_move_iterator(ready.begin() + count));
  ready.erase(ready.begin(), ready.begin() + count);
  return batch;
}

asio::awaitable<void> PullReader::close(base::Instant deadline) {
  subscription_.reset();
  feed_->fail({.kind = ErrorKind::kNotSent, .text = "the reader is closed"});
  JetStream jetstream(connection_);
  const Outcome<void> ignored = co_await jetstream.delete_consumer(options_.stream, consumer_, deadline);
  (void)ignored;
}

}  // namespace squall::client
