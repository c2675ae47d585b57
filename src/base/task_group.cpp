#include "base/task_group.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <list>
#include <utility>

#include "base/invariant.h"

namespace squall::base {

namespace asio = boost::asio;

namespace {

struct Task {
  explicit Task(std::string its_name) : name(std::move(its_name)) {}

  // Newer Asio lets the exception of a coroutine cancelled before its first step out of io_context::run(), so
  // the wish waits until it runs.
  void ask_to_stop() {
    if (running) {
      stop.emit(asio::cancellation_type::all);
    } else {
      stop_at_start = true;
    }
  }

  std::string name;
  asio::cancellation_signal stop;
  bool running = false;
  bool stop_at_start = false;
};

asio::awaitable<void> run_task(std::shared_ptr<Task> self, asio::awaitable<void> task) {
  self->running = true;
  if (self->stop_at_start) {
    // Behind its first steps, which end at its first wait.
    asio::post(co_await asio::this_coro::executor, [self] {
      if (self->running) self->ask_to_stop();
    });
  }
  co_await std::move(task);
}

// Nothing when the task ended as it should: by its end, or by its cancellation.
std::optional<std::string> failure_of(const std::exception_ptr& thrown, bool cancelled) {
  if (!thrown) return std::nullopt;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (cancelled && error.code() == asio::error::operation_aborted) return std::nullopt;
    return error.what();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an unknown exception";
  }
}

}  // namespace

// Shared with the completion handlers, so that a task may end after the group is gone.
struct TaskGroup::State {
  explicit State(asio::any_io_executor its_executor)
      : executor(std::move(its_executor)), all_done(executor, Instant::max()) {}

  asio::any_io_executor executor;
  std::list<std::shared_ptr<Task>> tasks;
  std::vector<std::string> failures;
  asio::steady_timer all_done;  // never expires by itself; cancelled when the last task ends
  bool cancelled = false;
  bool joining = false;

  void cancel_all() {
    cancelled = true;
    // A task's end may be reported from inside emit(); it must not free what is being walked.
    for (auto task = tasks.begin(); task != tasks.end();) {
      const auto current = task++;
      (*current)->ask_to_stop();
    }
  }

  void finish(std::list<std::shared_ptr<Task>>::iterator task, const std::exception_ptr& thrown) {
    (*task)->running = false;
    if (const auto failure = failure_of(thrown, cancelled)) {
      failures.push_back(fmt::format("task {} failed: {}", (*task)->name, *failure));
    }
    tasks.erase(task);
    if (tasks.empty()) all_done.cancel();
  }

  std::string names() const {
    std::string text;
    for (const auto& task : tasks) text += (text.empty() ? "" : ", ") + task->name;
    return text;
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() { state_->cancel_all(); }

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  const auto created = std::make_shared<Task>(std::move(name));
  const auto entry = state_->tasks.insert(state_->tasks.end(), created);
  auto finish = [state = state_, entry](const std::exception_ptr& thrown) { state->finish(entry, thrown); };
  asio::co_spawn(state_->executor, run_task(created, std::move(task)),
                 asio::bind_cancellation_slot(created->stop.slot(), std::move(finish)));
  if (state_->cancelled) created->ask_to_stop();
}

void TaskGroup::cancel() { state_->cancel_all(); }

asio::awaitable<Result<void>> TaskGroup::join(Instant deadline) {
  const std::shared_ptr<State> state = state_;
  SQUALL_CHECK(!state->joining);
  state->joining = true;
  if (!state->tasks.empty()) {
    state->all_done.expires_at(deadline);
    boost::system::error_code ignored;
    co_await state->all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  state->joining = false;
  if (!state->tasks.empty()) {
    co_return fail("{} of the tasks did not end in time: {}", state->tasks.size(), state->names());
  }
  if (state->failures.empty()) co_return Result<void>{};
  std::string all;
  for (const std::string& failure : std::exchange(state->failures, {})) {
    all += (all.empty() ? "" : "; ") + failure;
  }
  co_return fail("{}", all);
}

std::size_t TaskGroup::running() const { return state_->tasks.size(); }

}  // namespace squall::base
