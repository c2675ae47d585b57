#include "router/supervise/guardian.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "router/supervise/front.h"
#include "router/supervise/offspring.h"
#include "router/supervise/restart_policy.h"

namespace router::supervise {

using squall::base::now;
using squall::base::Result;
using squall::base::to_ms;
using namespace std::chrono_literals;

namespace {

constexpr int kInternal = 70;
// The supervisor kills what has not drained a little before we would kill the supervisor.
constexpr auto kBeforeDeadline = 100ms;

class Guardian {
 public:
  Guardian(Household& household, StopSignals& signals, const observe::Log& log)
      : household_(household),
        settings_(household.config.supervision),
        signals_(signals),
        log_(log),
        slot_(household.board.slot(board::Role::guardian)),
        supervisor_(household, household.board.slot(board::Role::supervisor), {"supervise"}),
        backoff_({settings_.backoff_min, settings_.backoff_max, settings_.stable_after}) {}

  int run() {
    start_at_ = now();
    while (!exit_code_) {
      slot_.beat(now());
      if (!supervisor_.running() && now() >= start_at_) start_supervisor();
      wait();
      while (const auto signal = signals_.next()) on_signal(*signal);
      if (const auto ending = supervisor_.reap()) on_death(*ending);
      if (draining_ && now() >= drain_until_) on_drain_deadline();
    }
    log_.info("router stopped", {{"exit_code", *exit_code_}});
    return *exit_code_;
  }

 private:
  void wait() {
    Instant until = now() + settings_.heartbeat_every;
    if (!supervisor_.running()) until = std::min(until, start_at_);
    if (draining_) until = std::min(until, drain_until_);
    const auto left = std::max<Nanos>(until - now(), 0ns);
    const timespec timeout{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
    pollfd waiting[] = {{signals_.fd(), POLLIN, 0}, {supervisor_.pidfd(), POLLIN, 0}};
    ppoll(waiting, 2, &timeout, nullptr);
  }

  void start_supervisor() {
    if (auto started = supervisor_.start(); !started) {
      const Nanos pause = backoff_.after_run_of(0ns);
      start_at_ = now() + pause;
      log_.error("SUPERVISOR_NOT_STARTED", "supervisor could not be started",
                 {{"reason", started.error().message()}, {"backoff_ms", to_ms(pause)}});
      return;
    }
    log_.info("supervisor started",
              {{"supervisor_pid", supervisor_.pid()}, {"restarts", supervisor_.slot().restarts()}});
  }

  void on_signal(int signal) {
    if (draining_) return end_at_once(signal);
    draining_ = true;
    drain_until_ = now() + settings_.drain_deadline - kBeforeDeadline;
    slot_.set_state(board::State::draining);
    log_.info("drain begins", {{"signal", signal_name(signal)}});
    if (!supervisor_.running()) {
      exit_code_ = 0;
      return;
    }
    supervisor_.send(SIGTERM);
  }

  void on_death(const Ending& ending) {
    const bool reaped = reap_stragglers(household_);
    if (!reaped) log_.error("ROLES_REMAIN", "roles of a dead supervisor do not end");
    if (draining_) {
      const bool before_it_began = ending.signal == SIGTERM;
      exit_code_ = ending.clean() || before_it_began ? 0 : kInternal;
      return;
    }
    supervisor_.slot().count_restart();
    const Nanos pause = backoff_.after_run_of(ending.uptime);
    start_at_ = now() + pause;
    log_.error("SUPERVISOR_EXITED", "supervisor exited",
               {{"exit_code", exit_code_field(ending)},
                {"signal", signal_field(ending)},
                {"uptime_ms", to_ms(ending.uptime)},
                {"backoff_ms", to_ms(pause)}});
  }

  void on_drain_deadline() {
    log_.error("DRAIN_DEADLINE", "drain deadline passed, killing the supervisor");
    kill_all();
    exit_code_ = kInternal;
  }

  void end_at_once(int signal) {
    log_.warning("DRAIN_CUT_SHORT", "second signal, ending at once", {{"signal", signal_name(signal)}});
    kill_all();
    exit_code_ = 128 + signal;
  }

  // The roles die with the supervisor.
  void kill_all() {
    supervisor_.kill_and_reap();
    reap_stragglers(household_);
  }

  Household& household_;
  const config::SupervisionSettings& settings_;
  StopSignals& signals_;
  const observe::Log& log_;
  board::Slot& slot_;
  Offspring supervisor_;
  Backoff backoff_;
  Instant start_at_{};
  bool draining_ = false;
  Instant drain_until_{};
  std::optional<int> exit_code_;
};

}  // namespace

Result<int> run_guardian(Household& household, StopSignals& signals, const observe::Log& log) {
  auto front = Front::open(household, board::Role::guardian, log);
  if (!front) return std::unexpected(front.error());
  return Guardian(household, signals, log).run();
}

}  // namespace router::supervise
