// The controlled suite. Every test runs under load, strikes unfinished work, and states its expectations in
// three groups: resilience (who died, who came back), messages (the ledger), observability (could an operator
// have seen it). What is done to which target when: planned_cases.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "router_chaos/controlled_case.h"

namespace squall::router_chaos {
namespace {

using report::Group;
using std::chrono::milliseconds;
using std::chrono::seconds;

// New work must flow this soon after the broker is ready; what we want to see is under 100 ms, but a test's
// bound is ten times the noise.
constexpr base::Nanos kOutputAfterReady = milliseconds(1500);
// A broker that lost a consumer's state in a SIGKILL delivers its whole stream again, before anything new
// (see docs/CHAOS_FAILURE_MODES.md, FM-NATS-001); the router takes each of these repeats in less than this.
constexpr base::Nanos kTimePerRepeat = std::chrono::microseconds(250);
// The roles that hold a connection to NATS.
const std::vector<std::string> kConnected{"admin", "decide-0", "decide-1", "result"};

double sum(const Metrics& metrics, const std::string& name) {
  const auto found = metrics.find(name);
  return found == metrics.end() ? 0 : found->second.sum;
}

double least(const Metrics& metrics, const std::string& name) {
  const auto found = metrics.find(name);
  return found == metrics.end() ? -1 : found->second.least;
}

double growth(const Trial& trial, const std::string& name) {
  return sum(trial.metrics_after, name) - sum(trial.metrics_before, name);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nobody" : text;
}

std::vector<std::string> changed(const RouterPids& before, const RouterPids& after) {
  std::vector<std::string> names;
  for (const auto& [name, pid] : before) {
    if (!after.contains(name) || after.at(name) != pid) names.push_back(name);
  }
  return names;
}

void expect_connection_was_lost_and_restored(ControlledCase& c, const Trial& trial) {
  const RouterLog& log = c.chaos().system().log();
  const base::Instant since = trial.injected.injected_at;
  const auto lost = log.processes_saying(kConnectionLost, since);
  const auto restored = log.processes_saying(kConnectionRestored, since);
  c.expect(Group::observability, "every role logged that its NATS connection was lost", lost == kConnected,
           joined(lost));
  c.expect(Group::observability, "every role logged that its NATS connection was restored",
           restored == kConnected, joined(restored));
  const auto grew = [&](const std::string& name, double by) {
    c.expect(Group::observability, fmt::format("{} went up by {:.0f} or more", name, by),
             growth(trial, name) >= by, fmt::format("{:.0f}", growth(trial, name)));
  };
  grew("router_nats_connection_lost_total", 4);
  grew("router_nats_connection_restored_total", 4);
  grew("router_nats_reconnect_attempts_total", 4);
  c.expect(Group::observability, "router_nats_connection_status is 1 again in every role",
           least(trial.metrics_after, "router_nats_connection_status") == 1.0,
           fmt::format("{}", least(trial.metrics_after, "router_nats_connection_status")));
}

// SIGKILL, SIGTERM or SIGINT to the broker, the planned down time, the restart.
Trial nats_kill_trial(ControlledCase& c, const fault::PlannedTrial& planned) {
  RouterChaos& chaos = c.chaos();
  const auto& kill = std::get<fault::Kill>(planned.faults.front().action);
  const KillSignal signal = kill.signal == "KILL"   ? KillSignal::kill
                            : kill.signal == "TERM" ? KillSignal::term
                                                    : KillSignal::interrupt;
  bool recovered = false;
  const Trial trial = c.trial(
      planned, [&] { return chaos.kill_nats_process(signal); },
      [&] {
        c.run().wait_until(chaos.get_recovery_metrics().took_effect_at + kill.down_time.value());
        c.expect(Group::resilience, "the broker starts again on its own port",
                 chaos.restart_nats().has_value());
        recovered = chaos.wait_for_nats_recovery(c.run().options().give_up_after);
      });

  c.expect(Group::resilience, "the broker died and a new one runs", trial.nats_after != trial.nats_before,
           fmt::format("pid {} then {}", trial.nats_before, trial.nats_after));
  c.expect(Group::resilience, "every role reconnected by itself", recovered);
  const auto restarted = changed(trial.pids_before, trial.pids_after);
  c.expect(Group::resilience, "no process of the router was restarted", restarted.empty(), joined(restarted));
  c.expect(Group::resilience, "the system is operational again", c.chaos().is_system_operational());
  const auto back = trial.metrics.back_at;
  const auto output = trial.recovery.first_output;
  const double repeats = growth(trial, "router_idempotency_hit_total");
  const base::Nanos allowed = kOutputAfterReady + static_cast<std::int64_t>(repeats) * kTimePerRepeat;
  std::optional<base::Nanos> after_ready;
  if (back && output) after_ready = trial.metrics.took_effect_at + *output - *back;
  const bool prompt = after_ready && *after_ready <= allowed;
  c.expect(Group::resilience,
           "new work flows within 1.5 s of the broker being ready, plus 0.25 ms per repeat", prompt,
           after_ready ? fmt::format("{} after {:.0f} repeats", base::format_duration(*after_ready), repeats)
                       : "never",
           after_ready);
  expect_connection_was_lost_and_restored(c, trial);
  return trial;
}

// SIGKILL to the supervisor; the guardian is who restarts it.
Trial supervisor_kill_trial(ControlledCase& c, const fault::PlannedTrial& planned) {
  RouterChaos& chaos = c.chaos();
  RouterPids before;
  bool recovered = false;
  const Trial trial = c.trial(
      planned,
      [&] {
        before = chaos.router_pids();
        return chaos.kill_router_supervisor();
      },
      [&] { recovered = chaos.wait_for_router_recovery(before, c.run().options().give_up_after); });

  RouterPids orphans = RoutedSystem::still_alive(before);
  orphans.erase("guardian");
  c.expect(Group::resilience, "all roles died with their supervisor", orphans.empty(),
           orphans.empty() ? "" : orphans.begin()->first + " lives on");
  c.expect(Group::resilience, "the guardian brought a new supervisor with new roles", recovered);
  c.expect(Group::resilience, "the guardian itself was not touched",
           trial.pids_after.contains("guardian") &&
               trial.pids_after.at("guardian") == trial.pids_before.at("guardian"));
  c.expect(Group::resilience, "the broker was not touched", trial.nats_after == trial.nats_before);
  c.expect(Group::resilience, "the system is operational again", chaos.is_system_operational());
  const auto output = trial.recovery.first_output;
  c.expect(Group::resilience, "new work flows within 5 s of the kill", output && *output < seconds(5),
           output ? base::format_duration(*output) : "never", output);
  c.expect(Group::observability, "router_supervisor_restarts_total went up by one",
           growth(trial, "router_supervisor_restarts_total") == 1.0,
           fmt::format("{:.0f}", growth(trial, "router_supervisor_restarts_total")));
  c.expect(Group::observability, "router_nats_connection_status is 1 in every role",
           least(trial.metrics_after, "router_nats_connection_status") == 1.0);
  return trial;
}

TEST(router_chaos_controlled_suite, test_control_no_fault) {
  ControlledCase::run("test_control_no_fault", [](ControlledCase& c) {
    const RouterPids before = c.chaos().router_pids();
    const base::Instant until = base::now() + milliseconds(3500);
    bool always_operational = true;
    while (base::now() < until) {
      c.chaos().show("no fault");
      c.run().wait_for(milliseconds(20));
      always_operational = always_operational && c.chaos().is_system_operational();
    }
    c.expect(Group::resilience, "the system was operational all the time", always_operational);
    const auto restarted = changed(before, c.chaos().router_pids());
    c.expect(Group::resilience, "no process of the router was restarted", restarted.empty(),
             joined(restarted));
    const Metrics metrics = c.chaos().system().metrics().value_or(Metrics{});
    c.expect(Group::observability, "no connection was lost",
             sum(metrics, "router_nats_connection_lost_total") == 0.0);
    c.expect(Group::observability, "no message was redelivered",
             sum(metrics, "router_jetstream_redelivery_total") == 0.0,
             fmt::format("{:.0f}", sum(metrics, "router_jetstream_redelivery_total")));
  });
}

TEST(router_chaos_controlled_suite, test_nats_kill_recovery) {
  ControlledCase::run("test_nats_kill_recovery", [](ControlledCase& c) {
    for (const auto& planned : c.planned().trials) nats_kill_trial(c, planned);
  });
}

TEST(router_chaos_controlled_suite, test_nats_graceful_kill_recovery) {
  ControlledCase::run("test_nats_graceful_kill_recovery", [](ControlledCase& c) {
    for (const auto& planned : c.planned().trials) nats_kill_trial(c, planned);
  });
}

TEST(router_chaos_controlled_suite, test_router_supervisor_kill_recovery) {
  ControlledCase::run("test_router_supervisor_kill_recovery", [](ControlledCase& c) {
    for (const auto& planned : c.planned().trials) supervisor_kill_trial(c, planned);
  });
}

TEST(router_chaos_controlled_suite, test_jetstream_lag_backpressure) {
  ControlledCase::run("test_jetstream_lag_backpressure", [](ControlledCase& c) {
    RouterChaos& chaos = c.chaos();
    std::vector<double> states;  // of backpressure: 0 inactive, 1 warning, 2 active; each change once
    double most_pending = 0;
    const auto sample = [&] {
      const auto metrics = chaos.system().metrics();
      if (!metrics) return;
      const double state = sum(*metrics, "router_backpressure_state");
      if (states.empty() || states.back() != state) states.push_back(state);
      most_pending = std::max(most_pending, sum(*metrics, "router_pending_messages"));
    };
    sample();
    const auto& planned = c.planned().trials.front();
    const auto& lag = std::get<fault::OnLink>(planned.faults.front().action);
    const Trial trial = c.trial(
        planned, [&] { return chaos.induce_jetstream_lag("router.v1.decide", lag, sample); },
        [&] {
          const base::Instant deadline = base::now() + c.run().options().give_up_after;
          while (base::now() < deadline && (states.empty() || states.back() != 0.0)) {
            chaos.show("drain the backlog");
            c.run().wait_for(milliseconds(20));
            sample();
          }
        });

    std::string path;
    for (const double state : states) {
      path += (path.empty() ? "" : " → ") + std::string(state == 0   ? "inactive"
                                                        : state == 1 ? "warning"
                                                                     : "active");
    }
    const auto active = std::ranges::find(states, 2.0);
    c.expect(Group::resilience, "backpressure began inactive, became active, and is inactive again",
             !states.empty() && states.front() == 0 && active != states.end() && states.back() == 0, path);
    const auto restarted = changed(trial.pids_before, trial.pids_after);
    c.expect(Group::resilience, "no process was restarted", restarted.empty(), joined(restarted));
    c.expect(Group::resilience, "the system is operational again", chaos.is_system_operational());
    c.expect(Group::messages, "more than 1,000 requests piled up", most_pending > 1000,
             fmt::format("{:.0f}", most_pending));
    c.expect(Group::observability, "router_backpressure_state showed it", active != states.end(), path);
    c.expect(Group::observability, "router_jetstream_ack_total went up",
             growth(trial, "router_jetstream_ack_total") > 0);
    c.note("backpressure", path);
  });
}

// What a fault of the link's frames may not do: end a process, or a connection.
void expect_untouched(ControlledCase& c, const Trial& trial) {
  const auto restarted = changed(trial.pids_before, trial.pids_after);
  c.expect(Group::resilience, "no process was restarted", restarted.empty(), joined(restarted));
  c.expect(Group::resilience, "no connection was lost",
           growth(trial, "router_nats_connection_lost_total") == 0.0,
           fmt::format("{:.0f}", growth(trial, "router_nats_connection_lost_total")));
  c.expect(Group::resilience, "the system is operational again", c.chaos().is_system_operational());
}

TEST(router_chaos_controlled_suite, test_lost_acks_redelivery) {
  ControlledCase::run("test_lost_acks_redelivery", [](ControlledCase& c) {
    const auto& planned = c.planned().trials.front();
    const auto& lost = std::get<fault::OnLink>(planned.faults.front().action);
    const Trial trial = c.trial(
        planned, [&] { return c.chaos().strike_link(lost); },
        [&] { c.run().wait_for(c.chaos().system().settings().ack_wait); });
    expect_untouched(c, trial);
    c.expect(Group::messages, "requests were redelivered after ack_wait",
             growth(trial, "router_jetstream_redelivery_total") > 0,
             fmt::format("{:.0f}", growth(trial, "router_jetstream_redelivery_total")));
    c.expect(Group::observability, "router_idempotency_hit_total went up: the repeats were known",
             growth(trial, "router_idempotency_hit_total") > 0,
             fmt::format("{:.0f}", growth(trial, "router_idempotency_hit_total")));
    c.note("acks lost", trial.injected.observation);
  });
}

TEST(router_chaos_controlled_suite, test_lost_pubacks_one_effect) {
  ControlledCase::run("test_lost_pubacks_one_effect", [](ControlledCase& c) {
    const auto& planned = c.planned().trials.front();
    const auto& lost = std::get<fault::OnLink>(planned.faults.front().action);
    const Trial trial = c.trial(planned, [&] { return c.chaos().strike_link(lost); }, [] {});
    expect_untouched(c, trial);
    const double again =
        growth(trial, "router_jetstream_redelivery_total") + growth(trial, "router_idempotency_hit_total");
    c.expect(Group::messages, "what was published without an answer was published again", again > 0,
             fmt::format("{:.0f}", again));
    c.note("PubAcks lost", trial.injected.observation);
  });
}

TEST(router_chaos_controlled_suite, test_recovery_slo_nats) {
  ControlledCase::run("test_recovery_slo_nats", [](ControlledCase& c) {
    for (const auto& planned : c.planned().trials) nats_kill_trial(c, planned);
  });
}

TEST(router_chaos_controlled_suite, test_recovery_slo_router) {
  ControlledCase::run("test_recovery_slo_router", [](ControlledCase& c) {
    for (const auto& planned : c.planned().trials) supervisor_kill_trial(c, planned);
  });
}

TEST(router_chaos_controlled_suite, test_router_role_kill_recovery) {
  ControlledCase::run("test_router_role_kill_recovery", [](ControlledCase& c) {
    RouterChaos& chaos = c.chaos();
    for (const auto& planned : c.planned().trials) {
      const std::string role = fault::target_of(planned.faults.front().action);
      RouterPids old_one;
      bool recovered = false;
      const Trial trial = c.trial(
          planned,
          [&] {
            old_one = {{role, chaos.router_pids().at(role)}};
            return chaos.kill_router_role(role);
          },
          [&] { recovered = chaos.wait_for_role_recovery(role, old_one.at(role), seconds(5)); });
      const auto restarted = changed(trial.pids_before, trial.pids_after);
      c.expect(Group::resilience, role + " came back with a new pid", recovered);
      c.expect(Group::resilience, "only " + role + " was restarted", restarted == std::vector{role},
               joined(restarted));
      c.expect(Group::resilience, "the system is operational again", chaos.is_system_operational());
      c.expect(Group::observability, "router_worker_restarts_total went up by one",
               growth(trial, "router_worker_restarts_total") == 1.0,
               fmt::format("{:.0f}", growth(trial, "router_worker_restarts_total")));
    }
  });
}

TEST(router_chaos_controlled_suite, test_network_partition_recovery) {
  ControlledCase::run("test_network_partition_recovery", [](ControlledCase& c) {
    RouterChaos& chaos = c.chaos();
    const auto& planned = c.planned().trials.front();
    const auto& hole = std::get<fault::OnLink>(planned.faults[0].action);
    const auto& reset = std::get<fault::OnLink>(planned.faults[1].action);
    bool recovered = false;
    const Trial trial = c.trial(
        planned, [&] { return chaos.partition_router(hole, reset); },
        [&] { recovered = chaos.wait_for_nats_recovery(c.run().options().give_up_after); });
    c.expect(Group::resilience, "the broker is the same one", trial.nats_after == trial.nats_before);
    c.expect(Group::resilience, "every role reconnected by itself", recovered);
    const auto restarted = changed(trial.pids_before, trial.pids_after);
    c.expect(Group::resilience, "no process of the router was restarted", restarted.empty(),
             joined(restarted));
    c.expect(Group::resilience, "the system is operational again", chaos.is_system_operational());
    expect_connection_was_lost_and_restored(c, trial);
  });
}

TEST(router_chaos_controlled_suite, test_router_drain_loses_nothing) {
  ControlledCase::run("test_router_drain_loses_nothing", [](ControlledCase& c) {
    RouterChaos& chaos = c.chaos();
    const RouterPids before = chaos.router_pids();
    const Trial trial = c.trial(
        c.planned().trials.front(), [&] { return chaos.drain_router(); },
        [&] {
          const RouterPids left = RoutedSystem::still_alive(before);
          c.expect(Group::resilience, "every process ended with the guardian", left.empty(),
                   left.empty() ? "" : left.begin()->first + " lives on");
          const auto started = chaos.system().start_router();
          c.expect(Group::resilience, "the router starts again", started.has_value(),
                   started ? "" : started.error().message());
        });
    c.expect(Group::resilience, "it drained and exited with 0 within 5 s", chaos.last_drain_was_clean(),
             trial.injected.observation);
    c.expect(Group::resilience, "the system is operational again", chaos.is_system_operational());
    const RouterLog& log = chaos.system().log();
    c.expect(Group::observability, "the supervisor logged that its roles drained",
             log.first("role drained", trial.injected.injected_at).has_value());
    c.expect(Group::observability, "the guardian logged that the router stopped",
             log.first("router stopped", trial.injected.injected_at).has_value());
  });
}

}  // namespace
}  // namespace squall::router_chaos
