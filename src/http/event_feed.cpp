#include "http/event_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace squall::http {

namespace asio = boost::asio;

std::string event_bytes(std::uint64_t id, std::string_view name, std::string_view data) {
  std::string bytes = fmt::format("id: {}\nevent: {}\n", id, name);
  while (true) {
    const std::size_t end = std::min(data.find('\n'), data.size());
    bytes += fmt::format("data: {}\n", data.substr(0, end));
    if (end == data.size()) break;
    data.remove_prefix(end + 1);
  }
  return bytes + '\n';
}

EventFeed::EventFeed(asio::any_io_executor executor, std::size_t capacity)
    : news_(std::move(executor)), capacity_(std::max<std::size_t>(1, capacity)) {}

void EventFeed::push(std::string event) {
  if (closed_) return;
  if (queue_.size() == capacity_) {
    queue_.pop_front();
    ++missed_;
    ++unsaid_;
  }
  queue_.push_back(std::move(event));
  news_.cancel();
}

void EventFeed::close() {
  closed_ = true;
  news_.cancel();
}

asio::awaitable<std::string> EventFeed::next(base::Nanos keep_alive) {
  if (queue_.empty() && !closed_) {
    news_.expires_after(keep_alive);
    boost::system::error_code ignored;
    co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  std::string bytes;
  if (unsaid_ > 0) {
    bytes = fmt::format("event: missed\ndata: {{\"events\":{}}}\n\n", std::exchange(unsaid_, 0));
  }
  for (const std::string& event : std::exchange(queue_, {})) bytes += event;
  if (bytes.empty() && !closed_) bytes = ": keep-alive\n\n";
  co_return bytes;
}

std::shared_ptr<EventFeed> EventSource::subscribe() {
  auto feed = std::make_shared<EventFeed>(executor_, capacity_);
  feeds_.push_back(feed);
  return feed;
}

void EventSource::publish(std::string_view name, std::string_view data) {
  ++last_id_;
  std::string event;  // written once, and only if somebody listens
  std::erase_if(feeds_, [&](const std::weak_ptr<EventFeed>& weak) {
    const auto feed = weak.lock();
    if (!feed || feed->closed()) return true;
    if (event.empty()) event = event_bytes(last_id_, name, data);
    feed->push(event);
    return false;
  });
}

void EventSource::close_all() {
  for (const auto& weak : std::exchange(feeds_, {})) {
    if (const auto feed = weak.lock()) feed->close();
  }
}

std::size_t EventSource::listeners() const {
  return static_cast<std::size_t>(std::count_if(feeds_.begin(), feeds_.end(), [](const auto& weak) {
    const auto feed = weak.lock();
    return feed && !feed->closed();
  }));
}

}  // namespace squall::http
