// Plain blocking sockets for tests that look at what arrives, and how a connection ends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace squall::testing {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class RawSocket {
 public:
  RawSocket() = default;
  explicit RawSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}
  // errno of connect() in error(), 0: connected.
  static RawSocket dial(std::uint16_t port) {
    RawSocket socket(base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    const sockaddr_in address = loopback(port);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.fd(), where, sizeof address) != 0) socket.error_ = errno;
    return socket;
  }

  int fd() const { return fd_.get(); }
  int error() const { return error_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  void end() { ::shutdown(fd(), SHUT_WR); }
  void close() { fd_.reset(); }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

  // What arrives until `size` bytes are there, the stream ends, or the time is over.
  std::string receive(std::size_t size, base::Nanos within = std::chrono::seconds{20}) {
    const base::Instant deadline = base::now() + within;
    std::string all;
    while (all.size() < size && wait(deadline)) {
      char room[64 * 1024];
      const ssize_t got = ::recv(fd(), room, std::min(sizeof room, size - all.size()), 0);
      if (got <= 0) {
        note_end(got);
        break;
      }
      all.append(room, static_cast<std::size_t>(got));
    }
    return all;
  }
  // "end", "reset", or "open" when neither came in time. What arrives meanwhile is dropped.
  std::string how_it_ends(base::Nanos within = std::chrono::seconds{20}) {
    receive(std::string::npos, within);
    return ended_;
  }

 private:
  bool wait(base::Instant deadline) const {
    pollfd poll{.fd = fd(), .events = POLLIN};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now()).count();
    return left >= 0 && ::poll(&poll, 1, static_cast<int>(left)) > 0;
  }
  void note_end(ssize_t got) { ended_ = got == 0 ? "end" : errno == ECONNRESET ? "reset" : "error"; }

  base::UniqueFd fd_;
  int error_ = 0;
  std::string ended_ = "open";
};

class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_.get(), 1024);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }
  RawSocket accept() {
    pollfd poll{.fd = fd_.get(), .events = POLLIN};
    ::poll(&poll, 1, 20'000);
    return RawSocket(base::UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  base::UniqueFd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace squall::testing
