#include "proxy/peer.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/invariant.h"

namespace squall::proxy {

static_assert(EPOLLIN == 1 && EPOLLOUT == 4);

void Peer::want(std::uint32_t event, bool wanted) {
  const std::uint32_t events = wanted ? wanted_ | event : wanted_ & ~event;
  if (events == wanted_) return;
  wanted_ = events;
  watch();
}

void Peer::watch() {
  const std::uint32_t events = tls_ == nullptr ? wanted_ : tls_->watched(wanted_);
  if (events == watched_ || !fd_) return;
  SQUALL_CHECK(reactor_.watch(fd_.get(), watched_, events, *this));
  watched_ = events;
}

void Peer::start_tls(const TlsContext& context, LinkTls::Upgrade upgrade, bool gets_info) {
  tls_ = std::make_unique<TlsEnd>(context, fd_.get(), upgrade, gets_info);
  watch();
}

IoResult Peer::receive_tls(std::span<char> room) {
  const IoResult result = tls_->receive(room);
  watch();
  return result;
}

IoResult Peer::send_tls(std::string_view bytes) {
  const IoResult result = tls_->send(bytes);
  watch();
  return result;
}

std::size_t Peer::unread() const {
  int size = 0;
  if (!fd_ || ::ioctl(fd_.get(), FIONREAD, &size) != 0 || size < 0) return 0;
  return static_cast<std::size_t>(size);
}

void Peer::end_writing() {
  if (!fd_) return;
  if (tls_ != nullptr) tls_->end_writing();
  ::shutdown(fd_.get(), SHUT_WR);
}

void Peer::close() {
  if (!fd_) return;
  if (tls_ != nullptr) tls_->end_writing();
  tls_.reset();
  reactor_.watch(fd_.get(), watched_, 0, *this);
  wanted_ = watched_ = 0;
  fd_.reset();
}

void Peer::reset() {
  if (!fd_) return;
  make_close_reset(fd_.get());
  tls_.reset();
  close();
}

void Peer::ready(std::uint32_t events) {
  if (!fd_) return;
  if (tls_ != nullptr && tls_->shakes_hands()) {
    if (!tls_->advance()) return owner_.peer_failed(*this, tls_->error());
    watch();
    if (tls_->shakes_hands()) return;
    events = EPOLLIN | EPOLLOUT;
  }
  owner_.peer_ready(*this, events);
}

}  // namespace squall::proxy
