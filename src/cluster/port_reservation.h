// A loopback port that the kernel chose and that stays ours while its server is dead: the socket is bound
// with SO_REUSEADDR and never listens, so a server that sets SO_REUSEADDR (Go's all do) can listen on the
// same port, now and after each restart, while the kernel gives it to nobody else, neither to bind(0) nor as
// the source port of a connection. That also rules out that a client that dials the dead port connects to
// itself. To a client the port looks dead: connection refused.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace squall::cluster {

class PortReservation {
 public:
  static base::Result<PortReservation> take();

  std::uint16_t port() const { return port_; }

 private:
  PortReservation(base::UniqueFd socket, std::uint16_t port) : socket_(std::move(socket)), port_(port) {}

  base::UniqueFd socket_;
  std::uint16_t port_ = 0;
};

}  // namespace squall::cluster
