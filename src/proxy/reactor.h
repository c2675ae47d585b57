// Which sockets are ready, and what is due: the data path's own epoll, inside an io_context. Asio re-arms a
// descriptor for each wait and keeps a few hundred bytes for it; here a relayed read costs one recv, one send
// and a share of one epoll_wait, and everything else of the thread (posted calls, other sockets) stays
// Asio's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "proxy/address.h"

namespace boost::asio {
class io_context;
}

namespace squall::proxy {

// Thread: the io_context's. Lifetime: outlives its watchers and timers.
class Reactor {
 public:
  // Something with a descriptor. It must be buried, not destroyed, while a turn may still name it.
  class Watcher {
   public:
    // `events` as epoll says them.
    virtual void ready(std::uint32_t events) = 0;

   protected:
    ~Watcher() = default;
  };

  // Something that is due at some time. Its destructor disarms.
  class Timer {
   public:
    explicit Timer(Reactor& reactor) : reactor_(reactor), at_(reactor.timers_.end()) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual void expired(base::Instant now) = 0;
    // Due once, at this instant, instead of what was said before.
    void arm(base::Instant due);
    void disarm();

   protected:
    virtual ~Timer() { disarm(); }

   private:
    friend class Reactor;
    Reactor& reactor_;
    std::multimap<base::Instant, Timer*>::iterator at_;
  };

  explicit Reactor(boost::asio::io_context& io);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // `was` and `wanted` are EPOLLIN and EPOLLOUT; 0: not watched, so that not even an error is heard of.
  // False when the kernel refuses to watch one more.
  bool watch(int fd, std::uint32_t was, std::uint32_t wanted, Watcher& watcher);
  // Destroys it after the current turn.
  void bury(std::shared_ptr<void> thing);

  // Room to read into, shared by all: what stands in it is gone at the next read.
  std::span<char> buffer() { return buffer_; }
  // Room for larger things to be put together; likewise.
  static constexpr std::size_t kBufferSize = 256 * 1024;

  // Looks a name up on another thread; nothing when there is no such name.
  using Resolved = std::function<void(std::optional<SocketAddress>)>;
  void resolve(const HostPort& name, Resolved resolved);

 private:
  struct Outside;
  void wait();
  void turn();
  bool work_once();
  void run_timers();
  void set_alarm();

  base::UniqueFd epoll_;
  base::UniqueFd alarm_;  // a timerfd
  base::Instant alarm_at_ = base::Instant::max();
  std::multimap<base::Instant, Timer*> timers_;
  std::vector<std::shared_ptr<void>> graveyard_;
  std::vector<char> buffer_;
  std::shared_ptr<Outside> outside_;
};

}  // namespace squall::proxy
