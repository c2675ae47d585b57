// Makes the workload's connections: one server after the other, never the same one twice in a row when there
// are more.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "client/access.h"
#include "client/connection.h"

namespace squall::workload {

// Thread: the io_context's.
class Dialer {
 public:
  // At least one server.
  Dialer(boost::asio::io_context& io, client::Access access);

  // `name` is shown by the server. Gives up after half a second; the caller tries again.
  boost::asio::awaitable<base::Result<std::shared_ptr<client::Connection>>> dial(std::string name);

  // What the last attempt said, if it failed.
  const std::string& last_error() const { return last_error_; }

 private:
  boost::asio::io_context& io_;
  client::Access access_;
  std::size_t next_ = 0;
  std::string last_error_;
};

// Ends at `instant`, or with operation_aborted when its task is cancelled.
boost::asio::awaitable<void> sleep_until(base::Instant instant);

}  // namespace squall::workload
