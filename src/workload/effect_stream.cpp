#include "workload/effect_stream.h"

#include "client/stream_reader.h"

namespace squall::workload {

using boost::asio::awaitable;
using std::chrono::seconds;

namespace {

constexpr std::size_t kBatch = 512;

}  // namespace

EffectStreamReader::EffectStreamReader(EffectStream source, ledger::Stage stage, Dialer& dialer,
                                       Recorder& recorder)
    : source_(std::move(source)), stage_(stage), dialer_(dialer), recorder_(recorder) {}

awaitable<void> EffectStreamReader::read(base::Nanos pause) {
  while (true) {
    const bool progressed = co_await read_some();
    if (!progressed) co_await sleep_until(base::now() + pause);
  }
}

// Reads until the connection or the reader's consumer is gone. False: could not even begin (no server, or
// the stream is not there yet).
awaitable<bool> EffectStreamReader::read_some() {
  auto connection = co_await dialer_.dial("squall-effects");
  if (!connection) co_return false;
  client::StreamReaderOptions options{.stream = source_.stream, .first_seq = next_seq_};
  auto reader =
      co_await client::StreamReader::open(*connection, std::move(options), base::now() + seconds(1));
  if (!reader) co_return false;
  while (true) {
    auto batch = co_await (*reader)->next_batch(kBatch, base::now() + seconds(1));
    if (!batch) co_return true;
    for (const client::StoredMessage& message : *batch) {
      next_seq_ = message.stream_seq + 1;
      const auto key = source_.key_of(message);
      if (!key) continue;
      recorder_.record(ledger::Effect{.stage = stage_,
                                      .key = *key,
                                      .stream_seq = message.stream_seq,
                                      .at = recorder_.layout().anchor.to_mono(message.stored_at)});
    }
  }
}

awaitable<bool> EffectStreamReader::at_end(std::shared_ptr<client::Connection> connection,
                                           base::Instant deadline) {
  client::JetStream jetstream(std::move(connection));
  const auto status = co_await jetstream.stream(source_.stream, deadline);
  co_return status&& next_seq_ > status->last_seq;
}

}  // namespace squall::workload
