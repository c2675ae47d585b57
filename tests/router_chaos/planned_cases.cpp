#include "router_chaos/planned_cases.h"

#include <fnmatch.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/invariant.h"
#include "base/seed.h"
#include "fault/nats_presets.h"
#include "router_chaos/routed_system.h"

namespace squall::router_chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

fault::Fault kill_nats(const std::string& signal) {
  return {.name = signal + "-nats",
          .action = fault::Kill{.target = "nats-1", .signal = signal, .down_time = base::Nanos{0}}};
}

fault::Fault kill_router_process(const std::string& name) {
  return {.name = "kill-" + name, .action = fault::Kill{.target = name, .signal = "KILL"}};
}

fault::OnLink on_router_link(const std::string& kind, fault::LinkAction action, base::Nanos duration) {
  return {.target = kRouterLink,
          .kind = kind,
          .rule = {.name = kind, .action = std::move(action), .stream = fault::LinkStream::kBoth},
          .duration = duration};
}

fault::OnLink preset(const std::string& kind, const nlohmann::json& attributes, base::Nanos duration) {
  auto rule = fault::nats_preset(kind, kind, attributes);
  SQUALL_CHECK(rule.has_value());
  return on_router_link(kind, *std::move(rule), duration);
}

fault::Fault at(base::Nanos when, fault::OnLink action) {
  return {.name = action.kind, .action = std::move(action), .at = when};
}

nlohmann::json decide_consumer() { return {{"stream", "ROUTER_DECIDE"}, {"consumer", "router-decide"}}; }

// Nothing passes for 4 s; then the network resets what is left of the connections.
fault::PlannedTrial partition() {
  return {.number = 1,
          .faults = {at(seconds(0), on_router_link("black_hole", fault::BlackHole{}, seconds(4))),
                     at(seconds(4), on_router_link("reset_peer", fault::ResetPeer{}, base::Nanos{0}))}};
}

std::vector<fault::PlannedTrial> one_each(const std::vector<fault::Fault>& faults) {
  std::vector<fault::PlannedTrial> trials;
  for (const fault::Fault& fault : faults) {
    trials.push_back({.number = static_cast<int>(trials.size()) + 1, .faults = {fault}});
  }
  return trials;
}

fault::Fault with_down_time(fault::Fault fault, base::Nanos down_time) {
  std::get<fault::Kill>(fault.action).down_time = down_time;
  return fault;
}

std::vector<fault::PlannedTrial> drawn(const PlanOptions& options, fault::Draft draft) {
  auto schedule = fault::draw_schedule(base::Seed(options.seed), {std::move(draft)}, options.repeat);
  SQUALL_CHECK(schedule.has_value());
  return std::move(*schedule);
}

// Most brokers come back at once; every tenth stays away for 5 s.
std::vector<base::Nanos> down_times_of_ten() {
  std::vector<base::Nanos> times(8, base::Nanos{0});
  times.insert(times.end(), {seconds(2), seconds(5)});
  return times;
}

}  // namespace

fault::OnLink late_acks_of_decide(base::Nanos duration) {
  nlohmann::json attributes = decide_consumer();
  attributes["delay_ms"] = base::to_ms(duration);
  return preset("ack_delay", attributes, duration);
}

std::vector<PlannedCase> planned_cases(const PlanOptions& options) {
  const fault::Fault sigkill = kill_nats("KILL");
  const fault::Fault sigterm = kill_nats("TERM");
  const fault::Fault sigint = kill_nats("INT");
  return {
      {.name = "test_control_no_fault",
       .purpose =
           "without a fault nothing is lost, doubled or red; the checkers see what is hidden on purpose"},
      {.name = "test_nats_kill_recovery",
       .failure_modes = {"FM-NATS-001"},
       .purpose = "the broker dies by SIGKILL under load and stays away for 0, 2 and 5 s",
       .trials = one_each({with_down_time(sigkill, seconds(0)), with_down_time(sigkill, seconds(2)),
                           with_down_time(sigkill, seconds(5))})},
      {.name = "test_nats_graceful_kill_recovery",
       .failure_modes = {"FM-NATS-002"},
       .purpose = "the broker is stopped by SIGTERM (0, 2 and 5 s away) and by SIGINT",
       .trials = one_each({with_down_time(sigterm, seconds(0)), with_down_time(sigterm, seconds(2)),
                           with_down_time(sigterm, seconds(5)), with_down_time(sigint, seconds(0))}),
       // Longer than a broker takes to stop: else it may finish all that it was given, and nothing is struck.
       .work_time = milliseconds(120)},
      {.name = "test_router_supervisor_kill_recovery",
       .failure_modes = {"FM-ROUTER-001"},
       .purpose = "the supervisor dies by SIGKILL: its roles die with it, and the guardian brings new ones",
       .trials = one_each({kill_router_process("supervisor"), kill_router_process("supervisor")})},
      {.name = "test_jetstream_lag_backpressure",
       .failure_modes = {"FM-JETSTREAM-001"},
       .purpose =
           "the acks of the decide consumer reach the broker 4 s late: backpressure, and it goes again",
       .trials = one_each({at(seconds(0), late_acks_of_decide(seconds(4)))})},
      {.name = "test_lost_acks_redelivery",
       .failure_modes = {"FM-JETSTREAM-002"},
       .purpose = "the acks of the decide consumer are lost for 1 s: redelivery, and one effect each",
       .trials = one_each({at(seconds(0), preset("ack_drop", decide_consumer(), seconds(1)))})},
      {.name = "test_lost_pubacks_one_effect",
       .purpose = "the router is not told for 1 s what is stored: it publishes again, with one effect each",
       .trials = one_each({at(seconds(0), preset("puback_drop", nlohmann::json::object(), seconds(1)))})},
      {.name = "test_recovery_slo_nats",
       .failure_modes = {"FM-NATS-001"},
       .purpose = "repeated broker SIGKILLs under one continuous load",
       .trials = drawn(options,
                       {.fault = sigkill, .jitter = milliseconds(20), .active_times = down_times_of_ten()})},
      {.name = "test_recovery_slo_router",
       .failure_modes = {"FM-ROUTER-001"},
       .purpose = "repeated supervisor SIGKILLs under one continuous load",
       .trials = drawn(options, {.fault = kill_router_process("supervisor"), .jitter = milliseconds(20)})},
      {.name = "test_router_role_kill_recovery",
       .failure_modes = {"FM-ROUTER-002"},
       .purpose = "one role dies by SIGKILL: that one comes back, and no other is touched",
       .trials = one_each({kill_router_process("decide-0"), kill_router_process("result")}),
       .slo = seconds(5)},
      {.name = "test_network_partition_recovery",
       .failure_modes = {"FM-NETWORK-001"},
       .purpose = "nothing passes between router and broker for 4 s, then the connections are reset",
       .trials = {partition()}},
      {.name = "test_router_drain_loses_nothing",
       .purpose = "the router is stopped by SIGTERM under load and started again",
       .trials = one_each(
           {{.name = "drain-router",
             .action = fault::Kill{.target = "router", .signal = "TERM", .down_time = base::Nanos{0}}}})},
  };
}

bool matches(std::string_view name, std::string_view pattern) {
  return pattern.empty() || fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

std::string describe_plan(const std::vector<PlannedCase>& cases, std::string_view only) {
  std::string text;
  for (const PlannedCase& planned : cases) {
    if (!matches(planned.name, only)) continue;
    std::string modes;
    for (const std::string& mode : planned.failure_modes) modes += "  " + mode;
    text += fmt::format("{}{}\n    {}\n", planned.name, modes, planned.purpose);
    if (planned.trials.empty()) text += "    trial  1   no fault\n";
    for (const fault::PlannedTrial& trial : planned.trials) {
      for (const fault::Fault& fault : trial.faults) {
        text += fmt::format("    trial {:>2}   after {:>5}  {}\n", trial.number,
                            base::format_duration(fault.at), fault::describe(fault.action));
      }
    }
  }
  return text;
}

}  // namespace squall::router_chaos
