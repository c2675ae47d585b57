// One end of a proxied connection: its socket, and what the reactor watches of it.
#pragma once

#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "proxy/reactor.h"
#include "proxy/socket.h"

namespace squall::proxy {

class Peer final : public Reactor::Watcher {
 public:
  class Owner {
   public:
    virtual void peer_ready(Peer& peer, std::uint32_t events) = 0;

   protected:
    ~Owner() = default;
  };

  Peer(Reactor& reactor, Owner& owner) : reactor_(reactor), owner_(owner) {}
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void adopt(base::UniqueFd fd) { fd_ = std::move(fd); }
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  IoResult receive(std::span<char> room) { return proxy::receive(fd_.get(), room); }
  IoResult send(std::string_view bytes) { return proxy::send(fd_.get(), bytes); }

  // Bytes that have come and were not received yet.
  std::size_t unread() const;

  // What the owner is called for. Errors are heard of only while something is wanted.
  void want_read(bool wanted) { want(kRead, wanted); }
  void want_write(bool wanted) { want(kWrite, wanted); }
  // FIN; reading goes on.
  void end_writing();
  void close();
  // RST.
  void reset();

  void ready(std::uint32_t events) override;

 private:
  static constexpr std::uint32_t kRead = 1;
  static constexpr std::uint32_t kWrite = 4;
  void want(std::uint32_t event, bool wanted);

  Reactor& reactor_;
  Owner& owner_;
  base::UniqueFd fd_;
  std::uint32_t watched_ = 0;
};

}  // namespace squall::proxy
