#include "draft/survey.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/notation.h"
#include "run/control_link.h"
#include "wire/subject.h"

namespace squall::draft {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

// A consumer without a filter takes all.
bool takes(const client::ConsumerStatus& consumer, const std::string& subject) {
  std::vector<std::string> filters;
  const std::string one = consumer.config.value("filter_subject", std::string());
  if (!one.empty()) filters.push_back(one);
  if (const auto many = consumer.config.find("filter_subjects");
      many != consumer.config.end() && many->is_array()) {
    for (const json& each : *many) filters.push_back(each.get<std::string>());
  }
  return filters.empty() || std::ranges::any_of(filters, [&](const std::string& filter) {
           return wire::subject_matches(filter, subject);
         });
}

// The latest messages of the subject (and of what is below it), the oldest first. The stream is read
// backwards, message by message: no consumer is made.
awaitable<std::vector<std::string>> latest(client::JetStream jetstream, client::StreamStatus stream,
                                           std::string subject, int count, base::Instant deadline) {
  std::vector<std::string> payloads;
  const std::string below = subject + ".>";
  std::uint64_t seq = stream.last_seq;
  int looked_at = 0;
  while (count > 0 && seq >= std::max<std::uint64_t>(stream.first_seq, 1) && looked_at++ < 4 * count) {
    const auto message = co_await jetstream.message(stream.name, seq--, deadline);
    if (!message) {
      if (message.error().number == client::kMessageNotFound) continue;
      break;
    }
    if (message->subject != subject && !wire::subject_matches(below, message->subject)) continue;
    payloads.push_back(message->payload);
    --count;
  }
  std::ranges::reverse(payloads);
  co_return payloads;
}

std::string word(const json& config, const char* field, const char* otherwise) {
  return config.value(field, std::string(otherwise));
}

}  // namespace

awaitable<base::Result<Survey>> survey(client::JetStream jetstream, Subjects subjects,
                                       base::Instant deadline) {
  Survey found;
  const auto in = co_await run::stream_with(jetstream, subjects.input, deadline);
  if (!in) co_return std::unexpected(in.error());
  const auto out = co_await run::stream_storing(jetstream, subjects.output, deadline);
  if (!out) co_return std::unexpected(out.error());
  auto in_status = co_await jetstream.stream(*in, deadline);
  if (!in_status) co_return base::fail("cannot look at stream {}: {}", *in, in_status.error().message());
  found.in = std::move(*in_status);
  auto out_status = co_await jetstream.stream(*out, deadline);
  if (!out_status) co_return base::fail("cannot look at stream {}: {}", *out, out_status.error().message());
  found.out = std::move(*out_status);
  const auto names = co_await jetstream.consumer_names(*in, deadline);
  if (!names) co_return base::fail("cannot list the consumers of {}: {}", *in, names.error().message());
  for (const std::string& name : *names) {
    auto consumer = co_await jetstream.consumer(*in, name, deadline);
    if (consumer && takes(*consumer, subjects.input)) found.consumers.push_back(std::move(*consumer));
  }
  found.inputs = co_await latest(jetstream, found.in, subjects.input, subjects.messages, deadline);
  found.effects = co_await latest(jetstream, found.out, subjects.output, subjects.messages, deadline);
  co_return found;
}

base::Nanos first_wait(const client::ConsumerStatus& consumer) {
  const auto backoff = consumer.config.find("backoff");
  if (backoff != consumer.config.end() && backoff->is_array() && !backoff->empty()) {
    return base::Nanos{backoff->front().get<std::int64_t>()};
  }
  return base::Nanos{consumer.config.value("ack_wait", std::int64_t{30'000'000'000})};
}

bool is_served(const client::ConsumerStatus& consumer) {
  return consumer.num_waiting > 0 || consumer.push_bound;
}

std::string describe(const client::StreamStatus& stream) {
  return fmt::format("R{}, {}, {}", stream.config.value("num_replicas", 1),
                     word(stream.config, "storage", "file"), word(stream.config, "retention", "limits"));
}

std::string describe(const client::ConsumerStatus& consumer) {
  return fmt::format(
      "{}, ack_wait {}, max_deliver {}", consumer.config.contains("deliver_subject") ? "push" : "pull",
      experiment::write_duration(first_wait(consumer)), consumer.config.value("max_deliver", -1));
}

}  // namespace squall::draft
