// The defects that a build with -DSQUALL_PLANT_DEFECTS=ON can run with (`router run --defect NAME`), so that
// the chaos tests can be tested: each must be caught by one. The names exist in every build, the behaviour
// does not: code asks `has(defect, Defect::x)`, which is a constant false in a shipped build.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace router::config {

enum class Defect {
  none,
  ack_before_assignment,     // decide: acks the request before anything is published
  no_message_id,             // decide: no message id, no expected sequence, no read-back
  slow_reconnect,            // session: waits 2 s between reconnect attempts
  give_up_reconnecting,      // session: a few attempts, then closed for ever while the role stays alive
  never_leave_backpressure,  // admin: active stays active
  lose_at_drain,             // decide: acks what is in flight at drain without finishing it
  restart_loop,              // decide roles fail shortly after they begin to serve
};

inline constexpr std::array<std::pair<Defect, std::string_view>, 7> kDefectNames{{
    {Defect::ack_before_assignment, "ack_before_assignment"},
    {Defect::no_message_id, "no_message_id"},
    {Defect::slow_reconnect, "slow_reconnect"},
    {Defect::give_up_reconnecting, "give_up_reconnecting"},
    {Defect::never_leave_backpressure, "never_leave_backpressure"},
    {Defect::lose_at_drain, "lose_at_drain"},
    {Defect::restart_loop, "restart_loop"},
}};

#ifdef SQUALL_PLANT_DEFECTS
inline constexpr bool kDefectsPlanted = true;
#else
inline constexpr bool kDefectsPlanted = false;
#endif

// Whether the code is to misbehave in this way.
constexpr bool has(Defect running, Defect asked) { return kDefectsPlanted && running == asked; }

constexpr std::string_view name_of(Defect defect) {
  for (const auto& [value, name] : kDefectNames) {
    if (value == defect) return name;
  }
  return "none";
}

constexpr std::optional<Defect> defect_named(std::string_view text) {
  for (const auto& [value, name] : kDefectNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace router::config
