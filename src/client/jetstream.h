// JetStream's API as awaitables: one request each, with NATS's own error code and text when it is refused.
// Creating and deleting is for tests and for deployments that Squall owns; nothing of a user's is touched.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "client/outcome.h"

namespace squall::client {

// A message as it is stored in a stream.
struct StoredMessage {
  std::uint64_t stream_seq = 0;
  std::string subject;
  std::string headers;  // the whole block; empty: none
  std::string payload;
  base::WallInstant stored_at{};  // by the server's clock
  std::uint64_t num_pending = 0;  // messages behind this one that the reader will still get

  // The first header of that name; empty when absent.
  std::string_view header(std::string_view name) const;
};

// err_code of "no message found".
inline constexpr int kMessageNotFound = 10037;
inline constexpr int kStreamNotFound = 10059;

struct AccountStatus {
  std::uint64_t memory = 0;   // bytes
  std::uint64_t storage = 0;  // bytes
  std::uint64_t streams = 0;
  std::uint64_t consumers = 0;
};

struct StreamStatus {
  std::string name;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t consumers = 0;
  std::string leader;     // empty without a cluster
  std::string made_at;    // as the server says it; another one of the same name has another
  nlohmann::json config;  // as the server says it
};

struct ConsumerStatus {
  std::string stream;
  std::string name;
  std::uint64_t delivered_consumer_seq = 0;
  std::uint64_t delivered_stream_seq = 0;
  std::uint64_t ack_floor_consumer_seq = 0;
  std::uint64_t ack_floor_stream_seq = 0;
  std::uint64_t num_pending = 0;      // not yet delivered
  std::uint64_t num_ack_pending = 0;  // delivered, not yet acked
  std::uint64_t num_redelivered = 0;
  std::uint64_t num_waiting = 0;  // open pulls
  bool push_bound = false;        // a push consumer, and somebody is there
  bool paused = false;
  std::string leader;  // empty without a cluster
  nlohmann::json config;
};

// "$JS.API.STREAM.INFO.ORDERS", with the connection's own prefix.
std::string api_subject(const Connection& connection, std::string_view operation,
                        std::string_view stream = {}, std::string_view consumer = {});

// Thread: the connection's. Lifetime: must outlive its calls; it keeps the connection alive.
// Errors: as OperationError says; a server that does not answer is kTimedOut, JetStream switched off is
// kNoResponders.
class JetStream {
 public:
  explicit JetStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  template <typename T>
  using Answer = boost::asio::awaitable<Outcome<T>>;

  Answer<AccountStatus> account(base::Instant deadline);

  Answer<std::vector<std::string>> stream_names(base::Instant deadline);
  Answer<StreamStatus> stream(std::string name, base::Instant deadline);
  // `config` as in NATS's own documentation: {"name": "ORDERS", "subjects": ["orders.>"], …}.
  Answer<StreamStatus> create_stream(nlohmann::json config, base::Instant deadline);
  Answer<void> delete_stream(std::string name, base::Instant deadline);

  Answer<std::vector<std::string>> consumer_names(const std::string& stream, base::Instant deadline);
  Answer<ConsumerStatus> consumer(std::string stream, std::string name, base::Instant deadline);
  // Durable with "durable_name", else ephemeral.
  Answer<ConsumerStatus> create_consumer(std::string stream, nlohmann::json config, base::Instant deadline);
  Answer<void> delete_consumer(std::string stream, std::string name, base::Instant deadline);

  // Stored messages, without a consumer. Errors: 10037 (404) when there is none.
  Answer<StoredMessage> message(std::string stream, std::uint64_t seq, base::Instant deadline);
  // The first at or behind `seq` whose subject matches the filter (">": any).
  Answer<StoredMessage> next_message(std::string stream, std::uint64_t seq, std::string filter,
                                     base::Instant deadline);

  // Any API request, with its answer as JSON.
  Answer<nlohmann::json> call(std::string subject, std::string body, base::Instant deadline);

  const std::shared_ptr<Connection>& connection() const { return connection_; }

 private:
  std::string api(std::string_view operation, std::string_view stream = {},
                  std::string_view consumer = {}) const;
  Answer<std::vector<std::string>> names(std::string subject, std::string field, base::Instant deadline);
  Answer<StoredMessage> get_message(std::string stream, nlohmann::json query, base::Instant deadline);

  std::shared_ptr<Connection> connection_;
};

}  // namespace squall::client
