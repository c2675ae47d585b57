// TaskGroup owns coroutines: each is spawned here, can be cancelled, and is joined with a deadline, so that
// none outlives what it works on. It restarts nothing. No coroutine of the tool runs detached from a group.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace squall::base {

// Thread: everything, the destructor included, on the executor's one thread (or while nothing runs it).
// Lifetime: join before what the tasks refer to goes away. The destructor only asks the rest to stop; they
// end at the executor's next turns, or with their io_context.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts the task at the executor's next turn. `name` is what join() calls it when it hangs or fails. A
  // spawn after cancel() starts a task that is cancelled at its first wait.
  void spawn(std::string name, boost::asio::awaitable<void> task);

  // Asks every task to stop: what it waits for ends with operation_aborted, and each wait after that throws.
  // A task that ends so has not failed. Safe to call from one of the tasks, and again.
  void cancel();

  // Waits until no task is left. Errors: the deadline passed (naming the tasks that still run, which stay
  // owned, so join can be called again), or a task ended by an exception other than its cancellation.
  // One join at a time.
  boost::asio::awaitable<Result<void>> join(Instant deadline);

  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace squall::base
