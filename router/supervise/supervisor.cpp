#include "router/supervise/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

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
// Time for us, and then for the guardian, to finish within the deadline after killing what has not drained.
constexpr auto kBeforeDeadline = 300ms;

class Supervisor {
 public:
  Supervisor(Household& household, StopSignals& signals, const observe::Log& log)
      : settings_(household.config.supervision),
        signals_(signals),
        log_(log),
        slot_(household.board.slot(board::Role::supervisor)),
        intensity_(settings_.restarts, settings_.within) {
    for (board::Slot& slot : household.board.slots()) {
      const board::Role role = slot.role();
      if (role == board::Role::guardian || role == board::Role::supervisor) continue;
      roles_.emplace_back(household, slot,
                          std::vector<std::string>{"role", "--name", std::string(board::name_of(role)),
                                                   "--index", std::to_string(slot.index())});
    }
  }

  int run() {
    for (Offspring& role : roles_) start(role);
    while (!finished()) {
      slot_.beat(now());
      wait();
      while (const auto signal = signals_.next()) on_signal(*signal);
      for (Offspring& role : roles_) {
        if (const auto ending = role.reap()) on_death(role, *ending);
      }
      if (draining_ && now() >= drain_until_) on_drain_deadline();
    }
    log_.info("supervisor stopped", {{"exit_code", exit_code_}});
    return exit_code_;
  }

 private:
  bool finished() const { return draining_ && std::ranges::none_of(roles_, &Offspring::running); }

  void wait() {
    std::vector<pollfd> waiting{{signals_.fd(), POLLIN, 0}};
    for (const Offspring& role : roles_) waiting.push_back({role.pidfd(), POLLIN, 0});
    Instant until = now() + settings_.heartbeat_every;
    if (draining_) until = std::min(until, drain_until_);
    const auto left = std::max<Nanos>(until - now(), 0ns);
    const timespec timeout{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
    ppoll(waiting.data(), waiting.size(), &timeout, nullptr);
  }

  void start(Offspring& role) {
    while (!draining_) {
      const auto started = role.start();
      if (started) {
        log_.info("role started", {{"process", role.name()}, {"role_pid", role.pid()}});
        return;
      }
      log_.error("ROLE_NOT_STARTED", "role could not be started",
                 {{"process", role.name()}, {"reason", started.error().message()}});
      if (!intensity_.allows_restart(now())) give_up();
    }
  }

  void on_death(Offspring& role, const Ending& ending) {
    const bool before_it_began = ending.signal == SIGTERM;
    const bool clean = ending.clean() || (draining_ && before_it_began);
    if (draining_) {
      if (!clean) exit_code_ = std::max(exit_code_, kInternal);
      log_.info("role drained", {{"process", role.name()},
                                 {"exit_code", exit_code_field(ending)},
                                 {"signal", signal_field(ending)}});
      return;
    }
    log_.error("ROLE_EXITED", "role exited",
               {{"process", role.name()},
                {"exit_code", exit_code_field(ending)},
                {"signal", signal_field(ending)},
                {"uptime_ms", to_ms(ending.uptime)}});
    if (ending.uptime < settings_.stable_after && !intensity_.allows_restart(now())) return give_up();
    role.slot().count_restart();
    start(role);
  }

  void on_signal(int signal) {
    if (draining_) return end_at_once(signal);
    log_.info("drain begins", {{"signal", signal_name(signal)}});
    drain();
  }

  void give_up() {
    log_.error("RESTART_INTENSITY", "roles die too often, giving up",
               {{"restarts", settings_.restarts}, {"within_ms", to_ms(settings_.within)}});
    exit_code_ = kInternal;
    drain();
  }

  void drain() {
    draining_ = true;
    drain_until_ = now() + settings_.drain_deadline - kBeforeDeadline;
    slot_.set_state(board::State::draining);
    for (const Offspring& role : roles_) role.send(SIGTERM);
  }

  void on_drain_deadline() {
    for (Offspring& role : roles_) {
      if (!role.running()) continue;
      log_.error("DRAIN_DEADLINE", "drain deadline passed, killing the role", {{"process", role.name()}});
      role.kill_and_reap();
    }
    exit_code_ = kInternal;
  }

  void end_at_once(int signal) {
    log_.warning("DRAIN_CUT_SHORT", "second signal, ending at once", {{"signal", signal_name(signal)}});
    for (Offspring& role : roles_) role.kill_and_reap();
    exit_code_ = 128 + signal;
  }

  const config::SupervisionSettings& settings_;
  StopSignals& signals_;
  const observe::Log& log_;
  board::Slot& slot_;
  RestartIntensity intensity_;
  std::vector<Offspring> roles_;
  bool draining_ = false;
  Instant drain_until_{};
  int exit_code_ = 0;
};

}  // namespace

Result<int> run_supervisor(Household& household, StopSignals& signals, const observe::Log& log, Top top) {
  std::optional<Front> front;
  if (top == Top::yes) {
    auto opened = Front::open(household, board::Role::supervisor, log);
    if (!opened) return std::unexpected(opened.error());
    front.emplace(std::move(*opened));
  } else {
    board::Slot& slot = household.board.slot(board::Role::supervisor);
    slot.set_pid(getpid());
    slot.set_state(board::State::running);
    slot.beat(now());
  }
  return Supervisor(household, signals, log).run();
}

}  // namespace router::supervise
