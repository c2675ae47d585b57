#include "run/made_streams.h"

#include <unistd.h>

#include <array>
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

constexpr std::string_view kMadeBy = "made by squall, run ";

// The description of what a run makes. A run that is killed cannot take it away: the next one can say whose
// it is.
std::string made_by(const std::string& run_id) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("{}{} on {}", kMadeBy, run_id, host.data());
}

// `command`: what takes it away.
base::Error is_there(const std::string& what, const nlohmann::json& config, const std::string& command) {
  const std::string description = config.value("description", "");
  if (description.starts_with(kMadeBy)) {
    return base::Error(
        fmt::format("{} is there already, {}, which did not take it away: if that run is over, do "
                    "so with {}",
                    what, description, command));
  }
  return base::Error(what + " is there already: Squall makes its own, and changes none");
}

}  // namespace

using boost::asio::awaitable;

awaitable<base::Result<void>> make_streams(ControlLink& nats, const experiment::Nats& wanted,
                                           const std::string& run_id, MadeStreams& made,
                                           base::Instant deadline) {
  auto jetstream = co_await nats.jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  for (const experiment::StreamSpec& stream : wanted.streams) {
    const auto there = co_await jetstream->stream(stream.name, deadline);
    if (there) {
      co_return std::unexpected(
          is_there("stream " + stream.name, there->config, "nats stream rm " + stream.name));
    }
    nlohmann::json config = config_of(stream);
    config["description"] = made_by(run_id);
    const auto created = co_await jetstream->create_stream(std::move(config), deadline);
    if (!created) co_return base::fail("cannot make stream {}: {}", stream.name, created.error().message());
    made.streams.push_back(stream.name);
  }
  for (const experiment::ConsumerSpec& consumer : wanted.consumers) {
    // A server takes the creation of one that is there for a change of its settings.
    const auto there = co_await jetstream->consumer(consumer.stream, consumer.name, deadline);
    if (there) {
      co_return std::unexpected(
          is_there(fmt::format("consumer {}/{}", consumer.stream, consumer.name), there->config,
                   fmt::format("nats consumer rm {} {}", consumer.stream, consumer.name)));
    }
    nlohmann::json config = config_of(consumer);
    config["description"] = made_by(run_id);
    const auto created = co_await jetstream->create_consumer(consumer.stream, std::move(config), deadline);
    if (!created) {
      co_return base::fail("cannot make consumer {}/{}: {}", consumer.stream, consumer.name,
                           created.error().message());
    }
    made.consumers.emplace_back(consumer.stream, consumer.name);
  }
  co_return base::Result<void>{};
}

awaitable<std::string> remove_streams(ControlLink& nats, MadeStreams made, base::Instant deadline) {
  std::string left;
  const auto add = [&left](const std::string& what, const std::string& why, const std::string& command) {
    left += fmt::format("{}{} ({}; remove it with {})", left.empty() ? "" : ", ", what, why, command);
  };
  auto jetstream = co_await nats.jetstream(deadline);
  for (const auto& [stream, name] : made.consumers) {
    std::string why = jetstream ? "" : jetstream.error().message();
    if (jetstream) {
      const auto gone = co_await jetstream->delete_consumer(stream, name, deadline);
      if (!gone) why = gone.error().message();
    }
    if (!why.empty()) {
      add(fmt::format("consumer {}/{}", stream, name), why,
          fmt::format("nats consumer rm {} {}", stream, name));
    }
  }
  for (const std::string& stream : made.streams) {
    std::string why = jetstream ? "" : jetstream.error().message();
    if (jetstream) {
      const auto gone = co_await jetstream->delete_stream(stream, deadline);
      if (!gone) why = gone.error().message();
    }
    if (!why.empty()) add("stream " + stream, why, "nats stream rm " + stream);
  }
  co_return left;
}

}  // namespace squall::run
