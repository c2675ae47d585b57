// The one thread of a role on which everything happens: libnats' callbacks post tasks here, timers fire here,
// and so the state of requests, publishes and pulls needs no locks. It knows nothing of NATS.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"

namespace router::nats {
namespace base = squall::base;

using Task = std::move_only_function<void()>;

// The entrance for other threads. Shared, since a libnats callback may run after the loop is gone; what is
// posted then is dropped.
class Inlet {
 public:
  // Thread: any.
  void post(Task task);

 private:
  friend class EventLoop;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> tasks_;
  bool open_ = true;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  const std::shared_ptr<Inlet>& inlet() const { return inlet_; }
  // Thread: any.
  void post(Task task) { inlet_->post(std::move(task)); }

  // Thread: the loop's, or before run(). Timers are late, never early; they do not survive run().
  void after(base::Nanos delay, Task task);
  void every(base::Nanos interval, Task task);

  // Runs tasks and timers until quit(). Objects that tasks refer to must outlive it.
  void run();
  // Thread: the loop's. Tasks that are already queued are not run any more.
  void quit() { quit_ = true; }

  // Grows while the loop is alive (at least every 100 ms); for whoever watches it. Thread: any.
  std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  struct Repeated {
    base::Nanos interval;
    Task task;
  };

  void repeat(const std::shared_ptr<Repeated>& repeated);
  void wait_for_tasks();
  void run_due_timers();

  std::shared_ptr<Inlet> inlet_ = std::make_shared<Inlet>();
  std::vector<Task> batch_;  // taken from the inlet, being run
  std::multimap<base::Instant, Task> timers_;
  std::atomic<std::uint64_t> turns_{0};
  bool quit_ = false;
};

}  // namespace router::nats
