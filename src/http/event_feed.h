// Server-sent events: one feed per listening client, and the source that feeds them all.
//
// A slow listener never holds up the source: its queue is bounded, the oldest events are dropped, and it is
// told how many it missed.
// Thread: that of the io_context; nothing here may be called from another.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace squall::http {

// The bytes of one event. `data` may have several lines.
std::string event_bytes(std::uint64_t id, std::string_view name, std::string_view data);

class EventFeed {
 public:
  EventFeed(boost::asio::any_io_executor executor, std::size_t capacity);

  // Drops the oldest event when `capacity` are waiting.
  void push(std::string event);
  // The reader gets what is queued, and then the end.
  void close();
  bool closed() const { return closed_; }
  std::uint64_t missed() const { return missed_; }

  // All that is queued, with a `missed` event in front if some were dropped; a comment line if there was
  // nothing for `keep_alive`; empty at the end. One reader at a time.
  boost::asio::awaitable<std::string> next(base::Nanos keep_alive);

 private:
  boost::asio::steady_timer news_;  // cancelled when there is something to read
  std::deque<std::string> queue_;
  std::size_t capacity_;
  std::uint64_t missed_ = 0;  // in all
  std::uint64_t unsaid_ = 0;  // of those, not told yet
  bool closed_ = false;
};

class EventSource {
 public:
  // `capacity` is how many events wait for each listener at most.
  EventSource(boost::asio::any_io_executor executor, std::size_t capacity)
      : executor_(std::move(executor)), capacity_(capacity) {}

  // The listener is forgotten when its last shared_ptr is gone or it is closed.
  std::shared_ptr<EventFeed> subscribe();
  void publish(std::string_view name, std::string_view data);
  void close_all();
  std::size_t listeners() const;

 private:
  boost::asio::any_io_executor executor_;
  std::size_t capacity_;
  std::uint64_t last_id_ = 0;
  std::vector<std::weak_ptr<EventFeed>> feeds_;
};

}  // namespace squall::http
