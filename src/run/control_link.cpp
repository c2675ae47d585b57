#include "run/control_link.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace squall::run {

using boost::asio::awaitable;

awaitable<base::Result<client::JetStream>> ControlLink::jetstream(base::Instant deadline) {
  base::Error last("no server was tried");
  for (std::size_t tried = 0; tried <= access_.servers.size(); ++tried) {
    if (connection_ && connection_->is_open()) co_return client::JetStream(connection_);
    client::ConnectOptions options = access_.dial(next_++);
    options.name = "squall-control";
    auto connection = co_await client::Connection::connect(io_, std::move(options), deadline);
    if (connection) {
      connection_ = std::move(*connection);
    } else {
      last = connection.error();
    }
  }
  co_return std::unexpected(last);
}

awaitable<base::Result<std::string>> ControlLink::server_version(base::Instant deadline) {
  const auto api = co_await jetstream(deadline);
  if (!api) co_return std::unexpected(api.error());
  co_return api->connection()->server().version;
}

bool ControlLink::over_tls() const {
  return access_.options.tls.wanted() || (connection_ && connection_->server().tls_required);
}

awaitable<base::Result<std::string>> stream_with(client::JetStream jetstream, std::string subject,
                                                 base::Instant deadline) {
  const std::string query = nlohmann::json{{"subject", subject}}.dump();
  std::string api = client::api_subject(*jetstream.connection(), "STREAM.NAMES");
  const auto answer = co_await jetstream.call(std::move(api), query, deadline);
  if (!answer) co_return base::fail("cannot ask for the stream of {}: {}", subject, answer.error().message());
  std::vector<std::string> names;
  if (const auto found = answer->find("streams"); found != answer->end() && found->is_array()) {
    names = found->get<std::vector<std::string>>();
  }
  if (names.empty()) co_return base::fail("no stream stores {}: what is sent there is gone", subject);
  if (names.size() > 1) {
    co_return base::fail("{} streams store {} ({}, {} …): name one with `stream:`", names.size(), subject,
                         names[0], names[1]);
  }
  co_return names.front();
}

awaitable<base::Result<std::string>> stream_storing(client::JetStream jetstream, std::string subject,
                                                    base::Instant deadline) {
  auto found = co_await stream_with(jetstream, subject, deadline);
  if (found) co_return found;
  auto below = co_await stream_with(jetstream, subject + ".>", deadline);
  if (below) co_return below;
  co_return found;
}

}  // namespace squall::run
