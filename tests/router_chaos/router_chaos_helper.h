// The controlled chaos of the router suite: what a test does to the system and how it waits for it, under a
// load that runs all the time. The tests themselves are in router_chaos_controlled_suite.cpp.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "inject/injection.h"
#include "inject/on_link.h"
#include "probe/time_to_green.h"
#include "router_chaos/routed_system.h"
#include "router_chaos/suite_run.h"
#include "workload/workload.h"

namespace squall::router_chaos {

enum class KillSignal { kill, term, interrupt };
int number_of(KillSignal signal);
std::string_view name_of(KillSignal signal);  // "SIGKILL"

// The load of every test: more than the 500 requests a second that are asked for, in bursts, so that a kill
// finds work in every stage.
inline constexpr workload::Pacing kLoad{.per_second = 1000, .burst = 10};
// A fault strikes only when at least so many requests are unfinished.
inline constexpr std::uint64_t kWantedHits = 4;

// What is known about the last fault's recovery.
struct RecoveryMetrics {
  base::Instant injected_at;
  base::Instant took_effect_at;
  std::optional<base::Instant> detected_at;
  std::optional<base::Instant> back_at;  // the broker answers, or the process runs again
  std::optional<base::Instant> reconnected_at;
  std::optional<base::Instant> green_at;
  std::vector<std::string> waiting_for;  // what is not green (yet)
};

class RouterChaos {
 public:
  // Starts the system and the load. Errors: something does not come up.
  static base::Result<std::unique_ptr<RouterChaos>> start(SuiteRun& run, SystemSettings settings);
  ~RouterChaos();

  // --- the system ---
  pid_t get_nats_pid() const;
  RouterPids router_pids() const { return system_->router_pids(); }
  bool is_system_operational() const;
  // False: not within the time.
  bool wait_for_operational(base::Nanos timeout);

  // --- faults: each waits until enough requests are unfinished, and returns when its effect is seen ---
  inject::Injected kill_nats_process(KillSignal signal = KillSignal::kill);
  inject::Injected kill_router_supervisor();
  inject::Injected kill_router_role(const std::string& name);  // "decide-0"
  // SIGTERM to the guardian: everything finishes what it has and exits. Took effect when it has exited.
  inject::Injected drain_router();
  // Whether the last drain ended with exit code 0.
  bool last_drain_was_clean() const { return drained_cleanly_; }
  // Holds the acks of the consumer of `subject` back on the router's link, and calls `sample` every 20 ms
  // meanwhile. Only router.v1.decide is known.
  inject::Injected induce_jetstream_lag(std::string_view subject, const fault::OnLink& late_acks,
                                        const std::function<void()>& sample);
  // A fault of the router's link, for its duration.
  inject::Injected strike_link(const fault::OnLink& action, const std::function<void()>& sample = {});
  // Nothing passes between the router and the broker, and no socket says so; at its end the network resets
  // what is left of the connections.
  inject::Injected partition_router(const fault::OnLink& black_hole, const fault::OnLink& reset);

  // --- recovery ---
  // Starts the broker again (its heal is the restart, and we are who restarts it). Nothing: it did not come.
  std::optional<base::Instant> restart_nats();
  // Until every role that lost its connection has it back.
  bool wait_for_nats_recovery(base::Nanos timeout);
  // Until a supervisor with another pid runs all its roles, none of which is one of `before`.
  bool wait_for_router_recovery(const RouterPids& before, base::Nanos timeout);
  // Until the role runs with another pid than `old_pid`.
  bool wait_for_role_recovery(const std::string& name, pid_t old_pid, base::Nanos timeout);
  // From the last fault's effect until the system was green and caught up for the hold time; nothing: not
  // within the time.
  std::optional<base::Nanos> measure_time_to_green(base::Nanos timeout);
  RecoveryMetrics get_recovery_metrics() const;

  RoutedSystem& system() { return *system_; }
  workload::Workload& load() { return *load_; }
  SuiteRun& run() { return run_; }
  void set_trial(int number) { trial_ = number; }
  // The live line: case, trial, what happens, and how the load is doing.
  void show(std::string_view doing);
  void event(evidence::EventKind kind, base::Instant at, std::string what);

 private:
  RouterChaos(SuiteRun& run, std::unique_ptr<RoutedSystem> system);
  void start_load();
  void wait_for_unfinished_work();
  inject::Injected struck(base::Result<inject::Injected> injected, std::string what);
  inject::Injected kill_named(const std::string& name);
  inject::OnLink make_rule(const fault::OnLink& action);
  void hold(const fault::OnLink& action, const std::function<void()>& sample);
  void heal(inject::OnLink& rule);
  probe::Finding backlog() const;
  bool wait_until_true(const std::function<bool()>& condition, base::Nanos timeout, std::string_view doing);

  SuiteRun& run_;
  std::unique_ptr<RoutedSystem> system_;
  std::unique_ptr<workload::Workload> load_;
  std::optional<evidence::AppendFile> ledger_file_;
  std::optional<probe::TimeToGreen> green_;
  RecoveryMetrics recovery_;
  std::optional<base::Instant> effect_at_;
  int trial_ = 0;
  bool drained_cleanly_ = false;
  base::Instant case_began_;
};

}  // namespace squall::router_chaos
