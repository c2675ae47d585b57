// The fault proxy: a thread of its own that carries the bytes of many links, and the way to talk to it.
//   Proxy proxy({.on_event = …});
//   auto link = proxy.call([](Links& links) { return links.add({.name = "nats-1", .upstream = "…:4222"}); });
// From a coroutine: `auto status = co_await proxy.ask(question);`, which blocks nobody.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/asio_run.h"
#include "base/clock.h"
#include "proxy/links.h"

namespace squall::proxy {

// Thread: any but its own. Lifetime: the destructor closes every connection; drain() first to be kind.
// A call takes one turn of the proxy's thread, which under full load is a few milliseconds.
class Proxy {
 public:
  explicit Proxy(EventSink on_event = {});
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Runs a function on the proxy's thread and blocks for its value.
  template <typename Function>
  std::invoke_result_t<Function&, Links&> call(Function function) {
    return thread_.call([this, &function] { return function(*links_); });
  }

  // The same for coroutines; goes on on the caller's executor. Name the function before the co_await
  // (GCC 12).
  template <typename Function>
  boost::asio::awaitable<std::invoke_result_t<Function&, Links&>> ask(Function function) {
    auto task = answer(std::move(function));
    co_return co_await boost::asio::co_spawn(thread_.io(), std::move(task), boost::asio::use_awaitable);
  }

  // Accepts nothing more, lets flow what is held, then closes; at the deadline whatever is left.
  void drain(base::Instant deadline);

 private:
  template <typename Function>
  boost::asio::awaitable<std::invoke_result_t<Function&, Links&>> answer(Function function) {
    co_return function(*links_);
  }

  base::ControlThread thread_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Links> links_;
};

}  // namespace squall::proxy
