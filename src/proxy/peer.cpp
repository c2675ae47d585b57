#include "proxy/peer.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/invariant.h"

namespace squall::proxy {

static_assert(EPOLLIN == 1 && EPOLLOUT == 4);

void Peer::want(std::uint32_t event, bool wanted) {
  const std::uint32_t events = wanted ? watched_ | event : watched_ & ~event;
  if (events == watched_ || !fd_) return;
  SQUALL_CHECK(reactor_.watch(fd_.get(), watched_, events, *this));
  watched_ = events;
}

std::size_t Peer::unread() const {
  int size = 0;
  if (!fd_ || ::ioctl(fd_.get(), FIONREAD, &size) != 0 || size < 0) return 0;
  return static_cast<std::size_t>(size);
}

void Peer::end_writing() {
  if (fd_) ::shutdown(fd_.get(), SHUT_WR);
}

void Peer::close() {
  if (!fd_) return;
  reactor_.watch(fd_.get(), watched_, 0, *this);
  watched_ = 0;
  fd_.reset();
}

void Peer::reset() {
  if (!fd_) return;
  make_close_reset(fd_.get());
  close();
}

void Peer::ready(std::uint32_t events) {
  if (fd_) owner_.peer_ready(*this, events);
}

}  // namespace squall::proxy
