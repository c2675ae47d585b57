#include "workload/stored_effects.h"

#include <algorithm>

#include "ledger/crc32c.h"
#include "workload/json_pointer.h"

namespace squall::workload {

using boost::asio::awaitable;
using std::chrono::seconds;

namespace {

constexpr std::size_t kBatch = 512;

}  // namespace

StoredEffectsReader::StoredEffectsReader(StoredEffects source, ledger::Stage stage, Dialer& dialer,
                                         Recorder& recorder)
    : source_(std::move(source)), stage_(stage), dialer_(dialer), recorder_(recorder) {}

awaitable<void> StoredEffectsReader::read(base::Nanos pause) {
  while (true) {
    const bool progressed = co_await read_some();
    if (!progressed) co_await sleep_until(base::now() + pause);
  }
}

// Its sequences begin again at 1, and those of before are taken already.
void StoredEffectsReader::begin_anew(const client::StreamStatus& status) {
  before_ += next_seq_ - 1;
  next_seq_ = std::max(status.first_seq, std::uint64_t{1});
  made_at_ = status.made_at;
  recorder_.doubt(
      fmt::format("stream {} was made anew: effects in the one before it that had not been read are not "
                  "known",
                  source_.stream),
      1, DoubtAbout::effects);
}

// Where reading begins, and whether others may take messages away; later, whether it still is the same
// stream. False: the stream is not there.
awaitable<bool> StoredEffectsReader::find_start(std::shared_ptr<client::Connection> connection) {
  client::JetStream jetstream(std::move(connection));
  const auto status = co_await jetstream.stream(source_.stream, base::now() + seconds(1));
  if (!status) {
    last_error_ = status.error().message();
    co_return false;
  }
  if (started_) {
    if (status->made_at != made_at_) begin_anew(*status);
    co_return true;
  }
  made_at_ = status->made_at;
  keeps_by_limits_ = status->config.value("retention", std::string("limits")) == "limits";
  // What was removed before we came is not ours.
  next_seq_ = std::max({source_.first_seq, status->first_seq, std::uint64_t{1}});
  started_ = true;
  co_return true;
}

// Reads until the connection or the reader's consumer is gone. False: could not even begin (no server, or
// the stream is not there yet).
awaitable<bool> StoredEffectsReader::read_some() {
  auto connection = co_await dialer_.dial("squall-effects");
  if (!connection) co_return false;
  const std::shared_ptr<client::Connection>& open = *connection;
  if (!co_await find_start(open)) co_return false;
  client::StreamReaderOptions options{
      .stream = source_.stream, .first_seq = next_seq_, .filter_subject = source_.filter_subject};
  auto reader = co_await client::StreamReader::open(open, std::move(options), base::now() + seconds(1));
  if (!reader) {
    last_error_ = reader.error().message();
    co_return false;
  }
  reader_ = std::move(*reader);
  begun_ = true;
  while (true) {
    auto batch = co_await reader_->next_batch(kBatch, base::now() + seconds(1));
    if (!batch) break;
    for (const client::StoredMessage& message : *batch) take(message);
  }
  reader_.reset();
  co_return true;
}

awaitable<void> StoredEffectsReader::leave(base::Instant deadline) {
  if (!reader_) co_return;
  co_await reader_->close(deadline);
  reader_.reset();
}

void StoredEffectsReader::take(const client::StoredMessage& message) {
  if (message.stream_seq > next_seq_) note_gap(message.stream_seq - next_seq_);
  next_seq_ = message.stream_seq + 1;
  if (source_.is_effect && !source_.is_effect(message.subject)) return;
  auto key =
      source_.key_of
          ? source_.key_of(message)
          : identity_of(source_.match,
                        {.subject = message.subject, .headers = message.headers, .payload = message.payload});
  if (!key) {
    if (!source_.key_of) ++without_identity_;
    return;
  }
  if (source_.shared && !key->starts_with(recorder_.layout().key_prefix)) return;
  ledger::Entry effect{.kind = ledger::EntryKind::effect,
                       .stage = stage_,
                       .key = ledger::to_key(*key, recorder_.layout()),
                       .at = recorder_.layout().anchor.to_mono(message.stored_at),
                       .stream_seq = before_ + message.stream_seq};
  if (source_.carried) {
    const auto text = json_text_at(message.payload, *source_.carried);
    effect.checksum = ledger::crc32c(source_.carried->empty() ? message.payload : text.value_or(""));
  }
  recorder_.record(effect);
}

void StoredEffectsReader::note_gap(std::uint64_t missed) {
  // A filter leaves gaps by itself.
  if (!source_.filter_subject.empty()) return;
  if (keeps_by_limits_) {
    return recorder_.doubt(
        fmt::format("messages removed from {} before they could be read (a purge, or one of its limits)",
                    source_.stream),
        missed, DoubtAbout::effects);
  }
  recorder_.doubt(
      fmt::format("effects taken from {} before they could be read (its consumers remove them: count "
                  "them in a stream with limits, by their replies or by a command)",
                  source_.stream),
      missed, DoubtAbout::effects);
}

awaitable<bool> StoredEffectsReader::at_end(std::shared_ptr<client::Connection> connection,
                                            base::Instant deadline) {
  client::JetStream jetstream(std::move(connection));
  const auto status = co_await jetstream.stream(source_.stream, deadline);
  gone_ = !status && status.error().number == client::kStreamNotFound;
  if (!status || !started_ || status->made_at != made_at_) co_return false;
  if (next_seq_ > status->last_seq) co_return true;
  if (!source_.filter_subject.empty()) {
    const auto next =
        co_await jetstream.next_message(source_.stream, next_seq_, source_.filter_subject, deadline);
    co_return !next && next.error().number == client::kMessageNotFound;
  }
  // Nothing is left to be read, and the last ones were removed.
  if (status->messages > 0 && status->first_seq <= status->last_seq) {
    const auto next = co_await jetstream.next_message(source_.stream, next_seq_, ">", deadline);
    if (next || next.error().number != client::kMessageNotFound) co_return false;
  }
  if (next_seq_ <= status->last_seq) {
    note_gap(status->last_seq + 1 - next_seq_);
    next_seq_ = status->last_seq + 1;
  }
  co_return true;
}

void StoredEffectsReader::conclude() {
  if (!begun_) {
    recorder_.doubt(fmt::format("effects in {} could not be read: {}", source_.stream,
                                last_error_.empty() ? dialer_.last_error() : last_error_),
                    1, DoubtAbout::effects);
  }
  recorder_.doubt(
      fmt::format("messages in {} without an identity ({})", source_.stream, source_.match.describe()),
      without_identity_, DoubtAbout::effects);
}

}  // namespace squall::workload
