#include "workload/final_scan.h"

#include "client/stream_reader.h"
#include "ledger/crc32c.h"
#include "workload/json_pointer.h"

namespace squall::workload {

using boost::asio::awaitable;

namespace {

constexpr std::uint8_t kInputStream = 0;  // its number in our records

ledger::Retention to_retention(const client::StreamStatus& stream) {
  const std::string retention = stream.config.value("retention", std::string("limits"));
  if (retention == "interest") return ledger::Retention::interest;
  if (retention == "workqueue") return ledger::Retention::work_queue;
  return ledger::Retention::limits;
}

void record_if_ours(const client::StoredMessage& message, const InputStream& inputs, Recorder& recorder) {
  auto key = identity_of(
      inputs.match, {.subject = message.subject, .headers = message.headers, .payload = message.payload});
  if (!key || !key->starts_with(recorder.layout().key_prefix)) return;
  ledger::Stored stored{.key = std::move(*key),
                        .stream = kInputStream,
                        .stream_seq = message.stream_seq,
                        .at = base::now(),
                        .checksum = {}};
  if (inputs.carried) {
    const auto text = json_text_at(message.payload, *inputs.carried);
    stored.checksum = ledger::crc32c(inputs.carried->empty() ? message.payload : text.value_or(""));
  }
  recorder.record(stored);
}

awaitable<void> record_consumer(client::JetStream& jetstream, const InputStream& inputs, std::string name,
                                Recorder& recorder, base::Instant deadline) {
  const auto consumer = co_await jetstream.consumer(inputs.stream, name, deadline);
  if (!consumer) {
    // Somebody deleted it, perhaps: then nobody works on what it had, and who is to blame cannot be told.
    recorder.doubt(fmt::format("consumer {} of {} could not be looked at in the end: {}", name, inputs.stream,
                               consumer.error().message()),
                   1, DoubtAbout::effects);
    co_return;
  }
  const ledger::ConsumerState state{.stream = kInputStream,
                                    .name = name,
                                    .ack_floor = consumer->ack_floor_stream_seq,
                                    .delivered_seq = consumer->delivered_stream_seq,
                                    .num_pending = consumer->num_pending,
                                    .num_ack_pending = consumer->num_ack_pending,
                                    .max_deliver = consumer->config.value("max_deliver", std::int64_t{-1}),
                                    .at = base::now()};
  recorder.record(ledger::Circumstance(state));
}

}  // namespace

awaitable<ConsumersLeft> look_at_consumers(std::shared_ptr<client::Connection> connection,
                                           const InputStream& inputs, ServedConsumers& served,
                                           base::Instant deadline) {
  client::JetStream jetstream(std::move(connection));
  ConsumersLeft all;
  const auto add = [&](std::string_view what) {
    if (!all.left.empty()) all.left += "; ";
    all.left += what;
  };
  for (const std::string& name : inputs.consumers) {
    const auto consumer = co_await jetstream.consumer(inputs.stream, name, deadline);
    if (consumer) {
      ServedConsumer& seen = served[name];
      const std::pair now{consumer->delivered_stream_seq, consumer->ack_floor_stream_seq};
      seen.served = seen.served || consumer->num_waiting > 0 || consumer->push_bound ||
                    (seen.last && *seen.last != now);
      seen.last = now;
    }
    if (!consumer) {
      add(fmt::format("{}: {}", name, consumer.error().message()));
    } else if (consumer->num_pending > 0 || consumer->num_ack_pending > 0) {
      const bool nobody = !served[name].served;
      add(fmt::format("{}: {} not delivered, {} not acked{}", name, consumer->num_pending,
                      consumer->num_ack_pending, nobody ? ", nobody pulls from it" : ""));
    }
  }
  co_return all;
}

awaitable<void> scan_inputs(std::shared_ptr<client::Connection> connection, const InputStream& inputs,
                            Recorder& recorder, base::Instant deadline) {
  client::JetStream jetstream(connection);
  const auto stream = co_await jetstream.stream(inputs.stream, deadline);
  if (!stream) {
    recorder.doubt(fmt::format("stream {} could not be looked at in the end: {}", inputs.stream,
                               stream.error().message()));
    co_return;
  }
  const ledger::ScanBegan began{
      .stream = kInputStream, .name = inputs.stream, .retention = to_retention(*stream), .at = base::now()};
  recorder.record(ledger::Circumstance(began));
  const client::MessageVisitor visit = [&](const client::StoredMessage& message) {
    record_if_ours(message, inputs, recorder);
  };
  const auto scanned =
      co_await client::visit_stream(connection, inputs.stream, inputs.first_seq, deadline, visit);
  const ledger::ScanEnded ended{.stream = kInputStream,
                                .first_seq = stream->first_seq,
                                .last_seq = stream->last_seq,
                                .incomplete_because = scanned ? "" : scanned.error().message(),
                                .at = base::now()};
  recorder.record(ledger::Circumstance(ended));
  if (!scanned) {
    recorder.doubt(
        fmt::format("the scan of {} is not complete: {}", inputs.stream, ended.incomplete_because));
  }
  for (const std::string& name : inputs.consumers) {
    co_await record_consumer(jetstream, inputs, name, recorder, deadline);
  }
}

client::Outcome<void> ExhaustionWatch::watch(client::Connection& connection) {
  const std::string subject = fmt::format("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{}.*", inputs_.stream);
  auto subscription =
      connection.subscribe(subject, [this](const client::MessageView& message) { take(message.payload); });
  if (!subscription) return std::unexpected(subscription.error());
  subscription_ = std::move(*subscription);
  return {};
}

void ExhaustionWatch::take(std::string_view advisory) {
  const auto json = nlohmann::json::parse(advisory, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  const auto consumer = json.find("consumer");
  const auto seq = json.find("stream_seq");
  if (consumer == json.end() || !consumer->is_string() || seq == json.end() || !seq->is_number_unsigned())
    return;
  const ledger::Exhausted exhausted{.stream = kInputStream,
                                    .consumer = consumer->get<std::string>(),
                                    .stream_seq = seq->get<std::uint64_t>(),
                                    .at = base::now()};
  recorder_.record(ledger::Circumstance(exhausted));
}

}  // namespace squall::workload
