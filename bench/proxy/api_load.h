// Calls of the proxy's API at a steady rate while a link carries all that it can.
#pragma once

#include <cstdint>
#include <string>

namespace squall::bench {

struct ApiCalls {
  double per_second = 0;
  double removal_p50_ms = 0;
  double removal_worst_ms = 0;
  double idle_messages_per_second = 0;  // of core publishes without any call
  double messages_per_second = 0;       // and meanwhile
};
// For so long, at 1,000 calls a second, in turns: a latency of 1 ms is put on the link, and taken off.
ApiCalls call_under_load(std::uint16_t api, const std::string& link, std::uint16_t link_port, double seconds);

}  // namespace squall::bench
