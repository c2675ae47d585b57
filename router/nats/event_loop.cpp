#include "router/nats/event_loop.h"

#include <algorithm>
#include <chrono>

namespace router::nats {
namespace {

using namespace std::chrono_literals;
constexpr base::Nanos kLongestWait = 100ms;

}  // namespace

void Inlet::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

EventLoop::EventLoop() = default;

EventLoop::~EventLoop() {
  std::vector<Task> dropped;
  const std::lock_guard lock(inlet_->mutex_);
  inlet_->open_ = false;
  dropped.swap(inlet_->tasks_);
}

void EventLoop::after(base::Nanos delay, Task task) { timers_.emplace(base::now() + delay, std::move(task)); }

void EventLoop::every(base::Nanos interval, Task task) {
  repeat(std::make_shared<Repeated>(interval, std::move(task)));
}

void EventLoop::repeat(const std::shared_ptr<Repeated>& repeated) {
  after(repeated->interval, [this, repeated] {
    repeated->task();
    repeat(repeated);
  });
}

void EventLoop::run() {
  while (!quit_) {
    wait_for_tasks();
    for (auto& task : batch_) {
      if (quit_) return;
      task();
    }
    batch_.clear();
    run_due_timers();
    turns_.fetch_add(1, std::memory_order_relaxed);
  }
}

// All that is there at once: under load most tasks cost no wake-up, and the two vectors keep their memory.
void EventLoop::wait_for_tasks() {
  auto until = base::now() + kLongestWait;
  if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
  std::unique_lock lock(inlet_->mutex_);
  inlet_->wake_.wait_until(lock, until, [this] { return !inlet_->tasks_.empty(); });
  batch_.swap(inlet_->tasks_);
}

void EventLoop::run_due_timers() {
  const auto now = base::now();
  while (!quit_ && !timers_.empty() && timers_.begin()->first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

}  // namespace router::nats
