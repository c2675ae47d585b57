#include "proxy/socket.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace squall::proxy {
namespace {

IoStatus status_of(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ? IoStatus::kAgain : IoStatus::kLost;
}

base::Result<base::UniqueFd> bound(const SocketAddress& address) {
  base::UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail_errno("cannot make a socket", errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.get(), address.size) != 0) {
    return base::fail_errno(fmt::format("cannot listen on {}", address.text()), errno);
  }
  return fd;
}

template <typename Call>
SocketAddress address_from(int fd, Call call) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (call(fd, address.get(), &address.size) != 0) return {};
  return address;
}

}  // namespace

IoResult receive(int fd, std::span<char> room) {
  const ssize_t size = ::recv(fd, room.data(), room.size(), 0);
  if (size > 0) return {IoStatus::kDone, static_cast<std::size_t>(size)};
  if (size == 0) return {IoStatus::kEnd, 0};
  return {status_of(errno), 0};
}

IoResult send(int fd, std::string_view bytes) {
  const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {IoStatus::kDone, static_cast<std::size_t>(size)};
  return {status_of(errno), 0};
}

base::Result<base::UniqueFd> hold_port(const SocketAddress& address) { return bound(address); }

base::Result<base::UniqueFd> listen_on(const SocketAddress& address) {
  auto fd = bound(address);
  if (!fd) return fd;
  if (::listen(fd->get(), SOMAXCONN) != 0) {
    return base::fail_errno(fmt::format("cannot listen on {}", address.text()), errno);
  }
  return fd;
}

SocketAddress own_address(int fd) { return address_from(fd, ::getsockname); }
SocketAddress peer_address(int fd) { return address_from(fd, ::getpeername); }

Dialled dial(const SocketAddress& address) {
  Dialled dialled;
  dialled.fd.reset(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!dialled.fd) return {{}, errno};
  set_no_delay(dialled.fd.get());
  if (::connect(dialled.fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return {{}, errno};
  }
  return dialled;
}

int dial_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  if (error == 0 && own_address(fd) == peer_address(fd)) return ECONNREFUSED;
  return error;
}

std::size_t unsent(int fd) {
  int size = 0;
  return ::ioctl(fd, SIOCOUTQ, &size) == 0 ? static_cast<std::size_t>(size) : 0;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void make_close_reset(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace squall::proxy
