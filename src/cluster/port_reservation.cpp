#include "cluster/port_reservation.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace squall::cluster {

base::Result<PortReservation> PortReservation::take() {
  base::UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!bound) return base::fail_errno("cannot make a socket", errno);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (setsockopt(bound.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(bound.get(), generic, length) != 0 || getsockname(bound.get(), generic, &length) != 0) {
    return base::fail_errno("cannot reserve a loopback port", errno);
  }
  return PortReservation(std::move(bound), ntohs(address.sin_port));
}

}  // namespace squall::cluster
