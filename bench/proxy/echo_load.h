// Many connections to an echo server: how much memory each costs in between, and whether all get their turn.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace squall::bench {

// Echoes on a loopback port that is printed, until the process is killed.
int serve_echo();

// Opens so many connections, each carries 1 MiB there and back, then all are idle. Returns what the resident
// memory of `pid` grew by, in KiB a connection.
double idle_memory(pid_t pid, std::uint16_t port, std::size_t connections);

struct Busy {
  double round_trips_per_second = 0;
  double slowest_to_median = 0;  // the round trips of the slowest connection, as a share of the median
  double cpu_us = 0;             // of `pid` a round trip
};
// For so long each connection sends 1 KiB and waits until it is back. Connection i goes to ports[i % size].
Busy busy(pid_t pid, const std::vector<std::uint16_t>& ports, std::size_t connections, double seconds);

}  // namespace squall::bench
