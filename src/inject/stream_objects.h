// JetStream's requests that the faults of streams and consumers need, as they stand. Private to inject/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "inject/reversible.h"

namespace squall::inject {

inline constexpr base::Nanos kJetStreamAnswer = std::chrono::seconds{2};

// One request of JetStream's API; "STREAM.PURGE" of "ORDERS". Errors: no server, or the refusal.
inline boost::asio::awaitable<base::Result<nlohmann::json>> ask_jetstream(const Surroundings* around,
                                                                          std::string operation,
                                                                          std::string stream,
                                                                          std::string consumer,
                                                                          std::string body) {
  const base::Instant deadline = base::now() + kJetStreamAnswer;
  auto jetstream = co_await around->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  std::string subject = client::api_subject(*jetstream->connection(), operation, stream, consumer);
  auto answer = co_await jetstream->call(std::move(subject), std::move(body), deadline);
  if (!answer) co_return base::fail("{} {}: {}", operation, stream, answer.error().message());
  co_return std::move(*answer);
}

inline boost::asio::awaitable<base::Result<client::StreamStatus>> stream_now(const Surroundings* around,
                                                                             std::string stream) {
  const base::Instant deadline = base::now() + kJetStreamAnswer;
  auto jetstream = co_await around->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  auto status = co_await jetstream->stream(stream, deadline);
  if (!status) co_return base::fail("stream {}: {}", stream, status.error().message());
  co_return std::move(*status);
}

}  // namespace squall::inject
