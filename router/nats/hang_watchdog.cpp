#include "router/nats/hang_watchdog.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace router::nats {
namespace {

constexpr base::Nanos kTick = std::chrono::milliseconds(100);

// Counts ticks in which a number stood still.
class Stillness {
 public:
  explicit Stillness(base::Nanos limit) : limit_(limit / kTick) {}

  bool too_long(std::uint64_t progress, bool may_rest) {
    still_ = progress == last_ && !may_rest ? still_ + 1 : 0;
    last_ = progress;
    return still_ > limit_;
  }

 private:
  std::int64_t limit_;
  std::uint64_t last_ = 0;
  std::int64_t still_ = 0;
};

}  // namespace

HangWatchdog::HangWatchdog(const EventLoop& loop, const Session& session, WatchdogLimits limits,
                           std::function<void(const char* what)> on_hang)
    : thread_([&loop, &session, limits, on_hang = std::move(on_hang)](const std::stop_token& stop) {
        Stillness of_loop(limits.loop);
        Stillness of_library(limits.library);
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        while (!never.wait_for(lock, stop, kTick, [] { return false; }) && !stop.stop_requested()) {
          if (of_loop.too_long(loop.turns(), false)) on_hang("the event loop");
          if (of_library.too_long(session.steps(), !session.in_library())) on_hang("libnats");
        }
      }) {}

}  // namespace router::nats
