// The few socket calls that the data path needs, non-blocking, with their outcomes as values.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/address.h"

namespace squall::proxy {

enum class IoStatus {
  kDone,   // `size` bytes, at least one
  kAgain,  // nothing can be read or written now
  kEnd,    // the peer ended its stream
  kLost,   // reset, or any other error
};
struct IoResult {
  IoStatus status = IoStatus::kAgain;
  std::size_t size = 0;
};
IoResult receive(int fd, std::span<char> room);
IoResult send(int fd, std::string_view bytes);

// A socket that is bound and does not listen: it keeps a port for whoever listens on it later, with
// SO_REUSEADDR, and until then who dials it is refused.
base::Result<base::UniqueFd> hold_port(const SocketAddress& address);
base::Result<base::UniqueFd> listen_on(const SocketAddress& address);
SocketAddress own_address(int fd);
SocketAddress peer_address(int fd);

struct Dialled {
  base::UniqueFd fd;  // connecting; none when it failed at once, then `error` is errno
  int error = 0;
};
Dialled dial(const SocketAddress& address);
// 0 when the socket is connected; else errno. A socket that connected to itself counts as refused.
int dial_error(int fd);

// Bytes that the peer's kernel has not taken yet: closing the socket could lose them.
std::size_t unsent(int fd);

void set_no_delay(int fd);
// What follows closes it with RST instead of FIN.
void make_close_reset(int fd);

}  // namespace squall::proxy
