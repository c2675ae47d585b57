// The run's own connection to NATS, for questions (consumers, streams): dialled again when it is lost.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "client/access.h"
#include "client/jetstream.h"

namespace squall::run {

// Thread: the io_context's.
class ControlLink {
 public:
  ControlLink(boost::asio::io_context& io, client::Access access) : io_(io), access_(std::move(access)) {}

  // JetStream over an open connection. Errors: no server can be reached before the deadline.
  boost::asio::awaitable<base::Result<client::JetStream>> jetstream(base::Instant deadline);
  // nats-server's version, as the server says. Errors: as above.
  boost::asio::awaitable<base::Result<std::string>> server_version(base::Instant deadline);
  // Whether the last connection was encrypted.
  bool over_tls() const;
  const client::Access& access() const { return access_; }
  boost::asio::io_context& io() const { return io_; }

 private:
  boost::asio::io_context& io_;
  client::Access access_;
  std::size_t next_ = 0;
  std::shared_ptr<client::Connection> connection_;
};

// The one stream that has the subject. Errors: none, or more than one; they are named.
boost::asio::awaitable<base::Result<std::string>> stream_with(client::JetStream jetstream,
                                                              std::string subject, base::Instant deadline);
// The same, or else the one that stores what is below the subject ("S.>").
boost::asio::awaitable<base::Result<std::string>> stream_storing(client::JetStream jetstream,
                                                                 std::string subject, base::Instant deadline);

}  // namespace squall::run
