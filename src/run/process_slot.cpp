#include "run/process_slot.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "run/run_session.h"

namespace squall::run {

using boost::asio::awaitable;

namespace {

constexpr base::Nanos kStartAgain = std::chrono::milliseconds(200);

}  // namespace

struct ProcessSlot::State : std::enable_shared_from_this<ProcessSlot::State> {
  State(boost::asio::io_context& context, SlotSettings slot, Callbacks called)
      : io(context), settings(std::move(slot)), callbacks(std::move(called)), restart_timer(context) {}

  base::Result<void> start() {
    auto started = process::Child::start(io, settings.child);
    if (!started) return std::unexpected(started.error());
    child = std::move(*started);
    ++starts;
    if (callbacks.on_start) callbacks.on_start(*child);
    child->on_exit([weak = weak_from_this(), number = starts](const process::ExitStatus& status) {
      if (const auto self = weak.lock(); self && self->starts == number) self->exited(status);
    });
    return {};
  }

  void exited(const process::ExitStatus& status) {
    if (stopping) return;
    last_exit = status;
    const bool expected = std::exchange(end_expected, false);
    const auto down_time = std::exchange(next_down_time, std::nullopt);
    if (callbacks.on_exit) callbacks.on_exit(*child, status, expected);
    if (!settings.restart_after) return;
    restart_in(down_time.value_or(*settings.restart_after));
  }

  void restart_in(base::Nanos pause) {
    restart_timer.expires_after(pause);
    restart_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self || self->stopping) return;
      const auto started = self->start();
      if (started) return;
      // Too many processes, say, which passes; what stays shows as a process that never comes back.
      if (self->callbacks.on_failed_start) self->callbacks.on_failed_start(started.error());
      self->restart_in(kStartAgain);
    });
  }

  boost::asio::io_context& io;
  SlotSettings settings;
  Callbacks callbacks;
  boost::asio::steady_timer restart_timer;
  std::unique_ptr<process::Child> child;
  int starts = 0;
  std::optional<process::ExitStatus> last_exit;
  bool end_expected = false;
  std::optional<base::Nanos> next_down_time;
  bool stopping = false;
};

ProcessSlot::ProcessSlot(boost::asio::io_context& io, SlotSettings settings, Callbacks callbacks)
    : state_(std::make_shared<State>(io, std::move(settings), std::move(callbacks))) {}

ProcessSlot::~ProcessSlot() {
  state_->stopping = true;
  state_->restart_timer.cancel();
  state_->child.reset();
}

const std::string& ProcessSlot::name() const { return state_->settings.child.name; }
base::Result<void> ProcessSlot::start() { return state_->start(); }
const process::Child* ProcessSlot::child() const { return state_->child.get(); }
bool ProcessSlot::running() const { return state_->child && state_->child->running(); }
int ProcessSlot::starts() const { return state_->starts; }
std::optional<process::ExitStatus> ProcessSlot::last_exit() const { return state_->last_exit; }

void ProcessSlot::expect_end(std::optional<base::Nanos> down_time) {
  state_->end_expected = true;
  state_->next_down_time = down_time;
}

void ProcessSlot::expect_no_end() {
  state_->end_expected = false;
  state_->next_down_time.reset();
}

awaitable<bool> ProcessSlot::wait_next_start(int starts, base::Instant deadline) {
  while (!(state_->starts > starts && running())) {
    if (base::now() >= deadline) co_return false;
    co_await sleep_until(base::now() + std::chrono::milliseconds(1));
  }
  co_return true;
}

awaitable<void> ProcessSlot::stop() {
  state_->stopping = true;
  state_->restart_timer.cancel();
  if (state_->child) (void)co_await state_->child->stop(state_->settings.stop_grace);
}

}  // namespace squall::run
