// Ends the process when libnats hangs: its Connect spins for ever when a server says INFO and then nothing
// more (3.4.1), and a write can block. Whoever supervises the process starts a new one.
//
// It counts its own wake-ups, not time: a process that was frozen for a minute has not hung.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "router/nats/event_loop.h"
#include "router/nats/nats_session.h"

namespace router::nats {

struct WatchdogLimits {
  base::Nanos loop = std::chrono::seconds(10);    // without a turn of the event loop
  base::Nanos library = std::chrono::seconds(8);  // inside one call that connects or closes
};

class HangWatchdog {
 public:
  // `on_hang` gets what hangs, on the watchdog's thread; it is expected not to return (_exit).
  HangWatchdog(const EventLoop& loop, const Session& session, WatchdogLimits limits,
               std::function<void(const char* what)> on_hang);

 private:
  std::jthread thread_;
};

}  // namespace router::nats
