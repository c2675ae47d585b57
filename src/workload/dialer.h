// Makes the workload's connections: one server after the other, never the same one twice in a row when there
// are more.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/connection.h"

namespace squall::workload {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

// Thread: the io_context's.
class Dialer {
 public:
  // At least one server.
  Dialer(boost::asio::io_context& io, std::vector<Endpoint> servers);

  // `name` is shown by the server. Gives up after half a second; the caller tries again.
  boost::asio::awaitable<base::Result<std::shared_ptr<client::Connection>>> dial(std::string name);

 private:
  boost::asio::io_context& io_;
  std::vector<Endpoint> servers_;
  std::size_t next_ = 0;
};

// Ends at `instant`, or with operation_aborted when its task is cancelled.
boost::asio::awaitable<void> sleep_until(base::Instant instant);

}  // namespace squall::workload
