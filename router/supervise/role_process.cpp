#include "router/supervise/role_process.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <exception>
#include <thread>

#include "router/supervise/offspring.h"

namespace router::supervise {

using squall::base::UniqueFd;
using namespace std::chrono_literals;

namespace {

constexpr int kInternal = 70;

// Turns signals into a stop request, on a thread of its own, for as long as it lives.
class SignalWatch {
 public:
  SignalWatch(StopSignals& signals, board::Slot& slot, const observe::Log& log)
      : ended_(eventfd(0, EFD_CLOEXEC)),
        thread_([this, &signals, &slot, &log] { watch(signals, slot, log); }) {}
  ~SignalWatch() {
    const std::uint64_t one = 1;
    (void)!write(ended_.get(), &one, sizeof one);
  }

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch(StopSignals& signals, board::Slot& slot, const observe::Log& log) {
    while (true) {
      pollfd waiting[] = {{signals.fd(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      poll(waiting, 2, -1);
      if ((waiting[1].revents & POLLIN) != 0) return;
      const auto signal = signals.next();
      if (!signal) continue;
      if (stop_.stop_requested()) _exit(128 + *signal);
      log.info("role drains", {{"signal", signal_name(*signal)}});
      slot.set_state(board::State::draining);
      stop_.request_stop();
    }
  }

  std::stop_source stop_;
  UniqueFd ended_;
  std::jthread thread_;
};

// The planted defect restart_loop: a decide role fails soon after it serves.
void fail_once_serving(const std::stop_token& stop, const board::Slot& slot, const observe::Log& log) {
  while (!slot.consuming()) {
    if (stop.stop_requested()) return;
    std::this_thread::sleep_for(10ms);
  }
  std::this_thread::sleep_for(200ms);
  if (stop.stop_requested()) return;
  log.error("PLANTED_DEFECT", "restart_loop: the role fails");
  _exit(1);
}

}  // namespace

int run_role(Household& household, StopSignals& signals, const observe::Log& log, board::Role role, int index,
             RoleFunction function) {
  board::Slot& slot = household.board.slot(role, index);
  slot.set_pid(getpid());
  slot.set_state(board::State::running);
  slot.beat(squall::base::now());

  SignalWatch watch(signals, slot, log);
  std::jthread defect;
  if (has(household.defect, config::Defect::restart_loop) && role == board::Role::decide) {
    defect = std::jthread([&slot, &log](const std::stop_token& stop) { fail_once_serving(stop, slot, log); });
  }
  RoleContext context{.config = household.config,
                      .slot = slot,
                      .board = household.board,
                      .log = log,
                      .role_name = std::string(board::name_of(role)),
                      .index = index,
                      .defect = household.defect,
                      .stop = watch.token()};
  try {
    return function(context);
  } catch (const std::exception& exception) {
    log.error("INTERNAL", "an exception escaped the role", {{"what", exception.what()}});
  } catch (...) {
    log.error("INTERNAL", "an unknown exception escaped the role");
  }
  return kInternal;
}

}  // namespace router::supervise
