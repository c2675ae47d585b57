#include "proxy/reactor.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>

#include "base/invariant.h"

namespace squall::proxy {
namespace {

// How long one turn may keep the thread from what Asio has to do.
constexpr base::Nanos kTurn = std::chrono::milliseconds{2};
constexpr int kBatch = 64;

}  // namespace

struct Reactor::Outside {
  explicit Outside(boost::asio::io_context& io, int epoll) : descriptor(io, epoll), resolver(io) {}
  ~Outside() { descriptor.release(); }

  boost::asio::posix::stream_descriptor descriptor;
  boost::asio::ip::tcp::resolver resolver;
};

void Reactor::Timer::arm(base::Instant due) {
  if (at_ != reactor_.timers_.end()) {
    if (at_->first == due) return;
    reactor_.timers_.erase(at_);
  }
  at_ = reactor_.timers_.emplace(due, this);
  if (due < reactor_.alarm_at_) reactor_.set_alarm();
}

void Reactor::Timer::disarm() {
  if (at_ == reactor_.timers_.end()) return;
  reactor_.timers_.erase(at_);
  at_ = reactor_.timers_.end();
}

Reactor::Reactor(boost::asio::io_context& io)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      alarm_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      buffer_(kBufferSize) {
  SQUALL_CHECK(epoll_ && alarm_);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  SQUALL_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, alarm_.get(), &event) == 0);
  outside_ = std::make_shared<Outside>(io, epoll_.get());
  wait();
}

Reactor::~Reactor() { graveyard_.clear(); }

void Reactor::wait() {
  outside_->descriptor.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this, alive = std::weak_ptr(outside_)](const boost::system::error_code& error) {
        if (error || alive.expired()) return;
        turn();
        wait();
      });
}

void Reactor::turn() {
  const base::Instant end = base::now() + kTurn;
  while (work_once() && base::now() < end) {
  }
}

bool Reactor::work_once() {
  std::array<epoll_event, kBatch> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kBatch, 0);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      run_timers();
    } else {
      static_cast<Watcher*>(events[i].data.ptr)->ready(events[i].events);
    }
  }
  std::exchange(graveyard_, {}).clear();
  return count > 0;
}

bool Reactor::watch(int fd, std::uint32_t was, std::uint32_t wanted, Watcher& watcher) {
  if (was == wanted) return true;
  epoll_event event{.events = wanted, .data = {.ptr = &watcher}};
  const int operation = was == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

void Reactor::bury(std::shared_ptr<void> thing) { graveyard_.push_back(std::move(thing)); }

void Reactor::run_timers() {
  std::uint64_t times = 0;
  while (::read(alarm_.get(), &times, sizeof times) > 0) {
  }
  alarm_at_ = base::Instant::max();
  const base::Instant now = base::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Timer* const timer = timers_.begin()->second;
    timer->disarm();
    timer->expired(now);
  }
  set_alarm();
}

void Reactor::set_alarm() {
  const base::Instant due = timers_.empty() ? base::Instant::max() : timers_.begin()->first;
  if (due == alarm_at_ || due == base::Instant::max()) return;
  alarm_at_ = due;
  // 0 would disarm; an instant that has passed rings at once.
  const auto nanos = std::max<std::int64_t>(due.time_since_epoch().count(), 1);
  itimerspec spec{};
  spec.it_value.tv_sec = nanos / 1'000'000'000;
  spec.it_value.tv_nsec = nanos % 1'000'000'000;
  ::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Reactor::resolve(const HostPort& name, Resolved resolved) {
  outside_->resolver.async_resolve(
      name.host, std::to_string(name.port),
      [resolved = std::move(resolved), alive = std::weak_ptr(outside_)](
          const boost::system::error_code& error, const boost::asio::ip::tcp::resolver::results_type& found) {
        if (alive.expired()) return;
        if (error || found.empty()) return resolved(std::nullopt);
        const boost::asio::ip::tcp::endpoint endpoint = *found.begin();
        SocketAddress address;
        std::memcpy(&address.storage, endpoint.data(), endpoint.size());
        address.size = static_cast<socklen_t>(endpoint.size());
        resolved(address);
      });
}

}  // namespace squall::proxy
