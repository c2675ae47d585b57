#include "router/http/readiness.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "router/config/scalars.h"

namespace router::http {
namespace {

using board::Role;
using board::Slot;
using board::State;

std::string servers(const std::vector<std::string>& urls) {
  std::vector<std::string> shown;
  shown.reserve(urls.size());
  for (const std::string& url : urls) shown.push_back(config::without_credentials(url));
  return fmt::format("{}", fmt::join(shown, ", "));
}

bool consumes(Role role) { return role == Role::decide || role == Role::result; }

class Findings {
 public:
  Findings(const config::RouterConfig& config, Instant now) : settings_(config.supervision), now_(now) {}

  void add(std::string condition, const Slot& slot, std::string detail) {
    failing_.push_back({std::move(condition), slot.name(), std::move(detail)});
  }

  // There (a draining process is), and beating. False: there is no use in looking at it any closer.
  bool check_alive(const Slot& slot, std::string condition) {
    if (slot.state() != State::running && slot.state() != State::draining) {
      add(std::move(condition), slot, std::string(name_of(slot.state())));
      return false;
    }
    const auto beat = slot.last_beat();
    if (!beat) {
      add("heartbeat_stale", slot, "none yet");
    } else if (now_ - *beat > settings_.heartbeat_stale) {
      add("heartbeat_stale", slot, fmt::format("silent for {}", squall::base::format_duration(now_ - *beat)));
    }
    return true;
  }

  std::vector<Failing> take() { return std::move(failing_); }

 private:
  const config::SupervisionSettings& settings_;
  Instant now_;
  std::vector<Failing> failing_;
};

void check_top(const board::Board& board, Findings& findings) {
  const Slot& guardian = board.slot(Role::guardian);
  if (guardian.state() != State::absent)
    findings.check_alive(guardian, "guardian_down");  // else --no-guardian
  findings.check_alive(board.slot(Role::supervisor), "supervisor_down");
}

}  // namespace

std::vector<Failing> failing_liveness(const board::Board& board, const config::RouterConfig& config,
                                      Instant now) {
  Findings findings(config, now);
  check_top(board, findings);
  return findings.take();
}

std::vector<Failing> failing_readiness(const board::Board& board, const config::RouterConfig& config,
                                       Instant now) {
  Findings findings(config, now);
  check_top(board, findings);
  for (const Slot& slot : board.slots()) {
    if (slot.role() == Role::guardian || slot.role() == Role::supervisor) continue;
    if (!findings.check_alive(slot, "role_down")) continue;
    if (slot.state() == State::draining) findings.add("draining", slot, "stops taking work");
    if (slot.nats_status() != board::NatsStatus::connected) {
      findings.add("nats_disconnected", slot,
                   fmt::format("{} to {}", name_of(slot.nats_status()), servers(config.nats.urls)));
    } else if (consumes(slot.role()) && !slot.consuming()) {
      findings.add("not_consuming", slot, "no pull is outstanding");
    }
  }
  if (board.backpressure() == board::Backpressure::active) {
    findings.add("backpressure_active", board.slot(Role::admin),
                 fmt::format("{} messages pending", board.slot(Role::admin).pending()));
  }
  return findings.take();
}

}  // namespace router::http
