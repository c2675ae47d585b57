#include "run/made_streams.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace squall::run {
namespace {

nlohmann::json config_of(const experiment::StreamSpec& stream) {
  nlohmann::json config{{"name", stream.name},
                        {"subjects", stream.subjects},
                        {"storage", stream.storage == experiment::Storage::kFile ? "file" : "memory"},
                        {"num_replicas", stream.replicas},
                        {"duplicate_window", stream.duplicate_window.count()},
                        {"max_age", stream.max_age.count()}};
  config["retention"] = stream.retention == experiment::Retention::kLimits     ? "limits"
                        : stream.retention == experiment::Retention::kInterest ? "interest"
                                                                               : "workqueue";
  if (stream.max_messages) config["max_msgs"] = *stream.max_messages;
  if (stream.max_bytes) config["max_bytes"] = *stream.max_bytes;
  return config;
}

nlohmann::json config_of(const experiment::ConsumerSpec& consumer) {
  nlohmann::json config{{"durable_name", consumer.name},
                        {"ack_policy", "explicit"},
                        {"ack_wait", consumer.ack_wait.count()},
                        {"max_deliver", consumer.max_deliver},
                        {"max_ack_pending", consumer.max_ack_pending}};
  if (!consumer.filter.empty()) config["filter_subject"] = consumer.filter;
  return config;
}

}  // namespace

using boost::asio::awaitable;

awaitable<base::Result<void>> make_streams(ControlLink& nats, const experiment::Nats& wanted,
                                           base::Instant deadline) {
  auto jetstream = co_await nats.jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  for (const experiment::StreamSpec& stream : wanted.streams) {
    const auto there = co_await jetstream->stream(stream.name, deadline);
    if (there) {
      co_return base::fail("stream {} is there already: Squall makes its own, and changes none", stream.name);
    }
    nlohmann::json config = config_of(stream);
    const auto made = co_await jetstream->create_stream(std::move(config), deadline);
    if (!made) co_return base::fail("cannot make stream {}: {}", stream.name, made.error().message());
  }
  for (const experiment::ConsumerSpec& consumer : wanted.consumers) {
    nlohmann::json config = config_of(consumer);
    const auto made = co_await jetstream->create_consumer(consumer.stream, std::move(config), deadline);
    if (!made) {
      co_return base::fail("cannot make consumer {}/{}: {}", consumer.stream, consumer.name,
                           made.error().message());
    }
  }
  co_return base::Result<void>{};
}

}  // namespace squall::run
