// A blocking TCP connection for load programs: no time-outs, any failure ends the program with its reason.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/unique_fd.h"

namespace squall::bench {

[[noreturn]] inline void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

class BlockingSocket {
 public:
  explicit BlockingSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("connect");
    const int on = 1;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  int fd() const { return fd_.get(); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) give_up("send");
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  std::string_view receive(std::span<char> room) {
    const ssize_t size = ::recv(fd(), room.data(), room.size(), 0);
    if (size <= 0) give_up("recv");
    return {room.data(), static_cast<std::size_t>(size)};
  }

 private:
  base::UniqueFd fd_;
};

}  // namespace squall::bench
