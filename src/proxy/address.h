// Socket addresses: "host:port" as people write it, and the kernel's form of it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace squall::proxy {

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};
// "127.0.0.1:4222", "[::1]:4222", "nats-1:4222", ":4222" (any address).
base::Result<HostPort> parse_host_port(std::string_view text);
// With brackets around what needs them.
std::string to_text(const HostPort& address);

// An IPv4 or IPv6 address with its port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::string text() const;
  bool operator==(const SocketAddress& other) const;
};
// Of an address in numbers ("localhost" is 127.0.0.1); nothing when it is a name.
std::optional<SocketAddress> numeric_address(const HostPort& address);

}  // namespace squall::proxy
