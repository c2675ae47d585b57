#include "echo_load.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <fstream>
#include <thread>

#include "base/clock.h"
#include "blocking_socket.h"
#include "pairs.h"

namespace squall::bench {
namespace {

std::array<char, 64 * 1024> room;  // one thread

void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

double resident_kib(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double cpu_seconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string field;
  std::getline(file, field, ')');
  double ticks = 0;
  for (int i = 3; i <= 15 && file >> field; ++i) {
    if (i >= 14) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void watch(int epoll, int fd, std::uint64_t what) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = what}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
}

}  // namespace

int serve_echo() {
  allow_many_descriptors();
  const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    give_up("listen");
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  watch(epoll.get(), listener.get(), static_cast<std::uint64_t>(listener.get()));
  while (true) {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
      if (fd == listener.get()) {
        const int peer = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) continue;
        const int on = 1;
        ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll.get(), peer, static_cast<std::uint64_t>(peer));
        continue;
      }
      const ssize_t got = ::recv(fd, room.data(), room.size(), 0);
      bool lost = got <= 0;
      for (ssize_t sent = 0; !lost && sent < got;) {
        const ssize_t part =
            ::send(fd, room.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
        lost = part <= 0;
        sent += part;
      }
      if (lost) ::close(fd);
    }
  }
}

double idle_memory(pid_t pid, std::uint16_t port, std::size_t connections) {
  allow_many_descriptors();
  const double before = resident_kib(pid);
  const std::string block(64 * 1024, 'x');
  std::deque<BlockingSocket> sockets;
  for (std::size_t i = 0; i < connections; ++i) {
    BlockingSocket& socket = sockets.emplace_back(port);
    for (int j = 0; j < 16; ++j) {
      socket.send(block);
      for (std::size_t back = 0; back < block.size();) back += socket.receive(room).size();
    }
  }
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const double each = (resident_kib(pid) - before) / static_cast<double>(connections);
  for (BlockingSocket& socket : sockets) {  // all live
    socket.send("x");
    socket.receive(room);
  }
  return each;
}

Busy busy(pid_t pid, const std::vector<std::uint16_t>& ports, std::size_t connections, double seconds) {
  allow_many_descriptors();
  constexpr std::size_t kSize = 1024;
  const std::string request(kSize, 'x');
  const base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::deque<BlockingSocket> sockets;
  for (std::size_t i = 0; i < connections; ++i) {
    watch(epoll.get(), sockets.emplace_back(ports[i % ports.size()]).fd(), i);
  }
  std::vector<std::size_t> back(connections, 0);
  std::vector<double> trips(connections, 0);
  for (BlockingSocket& socket : sockets) socket.send(request);
  const double cpu_before = cpu_seconds(pid);
  const auto began = base::now();
  const auto until = began + std::chrono::duration_cast<base::Nanos>(std::chrono::duration<double>(seconds));
  while (base::now() < until) {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      const std::size_t number = events[static_cast<std::size_t>(i)].data.u64;
      back[number] += sockets[number].receive(room).size();
      if (back[number] < kSize) continue;
      back[number] = 0;
      ++trips[number];
      sockets[number].send(request);
    }
  }
  const double took = std::chrono::duration<double>(base::now() - began).count();
  const double cpu = cpu_seconds(pid) - cpu_before;
  double all = 0;
  for (const double each : trips) all += each;
  return {.round_trips_per_second = all / took,
          .slowest_to_median = *std::ranges::min_element(trips) / median(trips),
          .cpu_us = cpu / all * 1e6};
}

}  // namespace squall::bench
