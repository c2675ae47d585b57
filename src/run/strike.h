// Carries out one step of a trial: waits for what sets it off, injects the fault, proves its effect, heals
// it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fault/step.h"
#include "inject/safety.h"
#include "run/moment_gate.h"
#include "run/running_system.h"

namespace squall::run {

// How a step went. Nothing in `effect_at`: it proved nothing.
struct Struck {
  std::string fault;             // its name
  std::string what;              // "SIGKILL to orders (pid 4711)"
  std::string at;                // the moment at which it struck: "before_ack of ORDERS#601 …"; empty: none
  bool held_unfinished = false;  // the message of that moment was not done with, as NATS sees it
  std::optional<base::Instant> injected_at;
  std::optional<base::Instant> effect_at;
  std::optional<base::Instant> healed_at;  // the target is back (a new process, a thawed one)
  std::string observation;                 // of the effect, or why there is none
  std::string back_as;                     // "back as 4738"; empty: it is the same one
  std::optional<std::string> not_healed;   // why; for a fault that was injected
};

// Thread: the main one. Lifetime: the session and the system outlive it.
class Strikes {
 public:
  using OnEvent = std::function<void(evidence::EventKind, base::Instant, std::string)>;
  // `began` is the beginning of the fault phase, `steps` all that will be carried out in it.
  Strikes(Session& session, RunningSystem& system, const std::vector<fault::Step>& steps, base::Instant began,
          OnEvent on_event);
  ~Strikes();

  // Ends when the step is healed, or cannot be.
  boost::asio::awaitable<void> carry_out(fault::Step step);

  const std::vector<Struck>& struck() const { return struck_; }
  // The earliest effect: from here on the system is disturbed.
  std::optional<base::Instant> first_effect() const;
  // A fault took effect, and was over, healed or not; both with the instant of its effect.
  struct Watch {
    std::function<void(base::Instant)> took_effect;
    std::function<void(base::Instant)> over;
  };
  void on_change(Watch watch) { watch_ = std::move(watch); }

 private:
  struct Ended {
    std::optional<base::Instant> effect;
    std::optional<base::Instant> heal;
    bool over = false;  // nothing more comes
  };

  boost::asio::awaitable<std::optional<std::string>> wait_for(const fault::Step& step, Struck& struck);
  boost::asio::awaitable<std::optional<std::string>> wait_after(const fault::AfterFault& after,
                                                                base::Instant give_up);
  boost::asio::awaitable<std::optional<std::string>> wait_probe(const fault::WhenProbe& when,
                                                                base::Instant give_up);
  boost::asio::awaitable<void> inject(const fault::Step& step, Struck& struck);
  boost::asio::awaitable<void> kill(const fault::Kill& kill, std::vector<Victim> victims, Struck& struck);
  boost::asio::awaitable<void> bring_back(const fault::Kill& kill, const std::vector<Victim>& victims,
                                          std::size_t index, int starts_before, Struck& struck);
  boost::asio::awaitable<std::optional<process::ProcessIdentity>> next_attached(
      const std::vector<Victim>& victims, std::size_t index, base::Instant deadline);
  boost::asio::awaitable<void> freeze(const fault::Freeze& freeze, std::vector<Victim> victims,
                                      Struck& struck);
  boost::asio::awaitable<void> on_link(const fault::OnLink& action, Struck& struck);
  boost::asio::awaitable<std::optional<std::string>> settle_leader(fault::Step& step);
  boost::asio::awaitable<void> on_target(fault::OnTarget action, std::vector<int> replicas, Struck& struck);
  boost::asio::awaitable<void> restart_loop(fault::OnTarget action, std::vector<int> replicas,
                                            Struck& struck);
  boost::asio::awaitable<void> wait_for_those_that_ended(const std::vector<Victim>& victims,
                                                         const std::vector<int>& starts, Struck& struck);
  boost::asio::awaitable<void> wait_for_children(const Victim& victim, std::size_t members, Struck& struck);
  void began_to_strike(Struck& struck, std::string what);
  void took_effect(Struck& struck, base::Instant at, std::string observation);
  // The frame that is held for the fault's moment, if any, goes on or with its connection. Idempotent.
  boost::asio::awaitable<void> let_go(const std::string& fault, MomentGate::Then then);
  MomentGate::Then after_kill_of(const std::string& target, const std::string& fault) const;

  Session& session_;
  RunningSystem& system_;
  inject::Safety safety_;
  base::Instant began_;
  OnEvent on_event_;
  Watch watch_;
  std::vector<std::unique_ptr<MomentGate>> gates_;
  std::map<std::string, MomentGate*> gate_of_;  // by the fault's name, until it lets go
  std::map<std::string, Ended> ended_;
  std::vector<Struck> struck_;
};

}  // namespace squall::run
