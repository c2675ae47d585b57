// From synchronous code into coroutines: run one to its end on this thread, or keep a thread that serves an
// io_context and wait for what it does. Coroutines never call either: they co_await.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/invariant.h"
#include "base/result.h"

namespace squall::base {

// Runs `io` on this thread until `task` has ended, and returns its result; whatever else the io_context
// serves goes on meanwhile, and stands still afterwards. An exception of the task is rethrown. One of another
// handler comes out of here as well; the task then goes on at the io_context's next turns, and what becomes
// of it nobody hears.
template <typename T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  struct End {
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
  };
  // Shared with the task, which may outlive this call.
  const auto end = std::make_shared<End>();
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(io, std::move(task), [&io, end](std::exception_ptr thrown) {
      end->failure = std::move(thrown);
      end->value.emplace(true);
      io.stop();
    });
  } else {
    boost::asio::co_spawn(io, std::move(task), [&io, end](std::exception_ptr thrown, T result) {
      end->failure = std::move(thrown);
      end->value.emplace(std::move(result));
      io.stop();
    });
  }
  while (!end->value) {
    io.restart();
    io.run();
  }
  io.restart();
  if (end->failure) std::rethrow_exception(end->failure);
  if constexpr (!std::is_void_v<T>) return std::move(*end->value);
}

// A thread that serves one io_context from construction to destruction.
// Thread: construct, call and destroy it from other threads; objects that live on its io_context are touched
// only inside run() and call().
// Lifetime: the destructor stops the io_context and joins; coroutines that have not ended are destroyed with
// it, on the destroying thread. Beware of process::spawn's die_with_parent: a child started on this thread
// dies with this thread.
class ControlThread {
 public:
  // `name` is the thread's name, at most 15 characters.
  explicit ControlThread(std::string name = "control");
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  boost::asio::io_context& io() { return io_; }

  // Runs the task on the thread and blocks until it has ended. The task brings its own deadline. An exception
  // of the task is rethrown here.
  template <typename T>
  T run(boost::asio::awaitable<T> task) {
    SQUALL_CHECK(std::this_thread::get_id() != thread_.get_id());
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future).get();
  }

  // Runs a plain function on the thread and blocks for its value.
  template <typename Function>
  std::invoke_result_t<Function&> call(Function function) {
    SQUALL_CHECK(std::this_thread::get_id() != thread_.get_id());
    std::packaged_task<std::invoke_result_t<Function&>()> task(std::move(function));
    auto done = task.get_future();
    // In a lambda, since Asio takes a bare packaged_task for a completion token.
    boost::asio::post(io_, [task = std::move(task)]() mutable { task(); });
    return done.get();
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace squall::base
