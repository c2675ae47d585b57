// One end of a proxied connection: its socket, and what the reactor watches of it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "proxy/reactor.h"
#include "proxy/socket.h"
#include "proxy/tls_end.h"

namespace squall::proxy {

class Peer final : public Reactor::Watcher {
 public:
  class Owner {
   public:
    virtual void peer_ready(Peer& peer, std::uint32_t events) = 0;
    // Its TLS cannot be; `why` is OpenSSL's reason.
    virtual void peer_failed(Peer& peer, std::string_view why) = 0;

   protected:
    ~Owner() = default;
  };

  Peer(Reactor& reactor, Owner& owner) : reactor_(reactor), owner_(owner) {}
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void adopt(base::UniqueFd fd) { fd_ = std::move(fd); }
  // From here on what is received and sent is TLS's, but for a plain INFO line if the upgrade begins so.
  void start_tls(const TlsContext& context, LinkTls::Upgrade upgrade, bool gets_info);
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  IoResult receive(std::span<char> room) {
    return tls_ == nullptr ? proxy::receive(fd_.get(), room) : receive_tls(room);
  }
  IoResult send(std::string_view bytes) {
    return tls_ == nullptr ? proxy::send(fd_.get(), bytes) : send_tls(bytes);
  }
  // Bytes that its kernel has not taken yet.
  std::size_t unsent() const { return fd_ ? proxy::unsent(fd_.get()) : 0; }
  // Bytes that can be received though the socket has none.
  bool has_unread() const { return tls_ != nullptr && tls_->has_unread(); }

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
  void watch();
  IoResult receive_tls(std::span<char> room);
  IoResult send_tls(std::string_view bytes);

  Reactor& reactor_;
  Owner& owner_;
  base::UniqueFd fd_;
  std::unique_ptr<TlsEnd> tls_;
  std::uint32_t wanted_ = 0;   // by the owner
  std::uint32_t watched_ = 0;  // by the reactor
};

}  // namespace squall::proxy
