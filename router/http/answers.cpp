#include "router/http/answers.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace router::http {
namespace {

using board::Role;
using board::Slot;
using nlohmann::ordered_json;
using squall::base::to_ms;

Answer as_json(int status, const ordered_json& body) {
  return {status, "application/json", body.dump() + "\n"};
}

Answer answer_conditions(const char* name, const std::vector<Failing>& failing) {
  ordered_json list = ordered_json::array();
  for (const Failing& one : failing) {
    list.push_back({{"condition", one.condition}, {"process", one.process}, {"detail", one.detail}});
  }
  return as_json(failing.empty() ? 200 : 503, {{name, failing.empty()}, {"failing", list}});
}

ordered_json ms_since(std::optional<Instant> then, Instant now) {
  if (!then) return nullptr;
  return std::max<std::int64_t>(0, (now - *then) / std::chrono::milliseconds{1});
}

ordered_json process_json(const Slot& slot, Instant now) {
  const bool there = slot.pid() != 0;
  ordered_json process{{"name", slot.name()},
                       {"role", name_of(slot.role())},
                       {"index", slot.index()},
                       {"pid", there ? ordered_json(slot.pid()) : ordered_json(nullptr)},
                       {"state", name_of(slot.state())},
                       {"uptime_ms", there ? ms_since(slot.started(), now) : ordered_json(nullptr)},
                       {"restarts", slot.restarts()},
                       {"heartbeat_age_ms", there ? ms_since(slot.last_beat(), now) : ordered_json(nullptr)}};
  if (slot.role() == Role::guardian || slot.role() == Role::supervisor) return process;
  process["nats"] = name_of(slot.nats_status());
  process["consuming"] = slot.consuming();
  process["in_flight"] = slot.in_flight();
  return process;
}

}  // namespace

Answer answer_livez(const board::Board& board, const config::RouterConfig& config, Instant now) {
  return answer_conditions("live", failing_liveness(board, config, now));
}

Answer answer_readyz(const board::Board& board, const config::RouterConfig& config, Instant now) {
  return answer_conditions("ready", failing_readiness(board, config, now));
}

Answer answer_state(const board::Board& board, const config::RouterConfig& config, Instant now) {
  ordered_json supervisor = process_json(board.slot(Role::supervisor), now);
  supervisor["children"] = ordered_json::array();
  for (const Slot& slot : board.slots()) {
    if (slot.role() == Role::guardian || slot.role() == Role::supervisor) continue;
    supervisor["children"].push_back(process_json(slot, now));
  }
  ordered_json tree = supervisor;
  if (board.slot(Role::guardian).state() != board::State::absent) {
    tree = process_json(board.slot(Role::guardian), now);
    tree["children"] = ordered_json::array({supervisor});
  }
  const auto p95 = board.decide_latency_p95(now);
  return as_json(200, {{"version", SQUALL_VERSION},
                       {"ready", failing_readiness(board, config, now).empty()},
                       {"backpressure", name_of(board.backpressure())},
                       {"pending", board.slot(Role::admin).pending()},
                       {"in_flight", board.in_flight()},
                       {"decide_p95_ms", p95 ? ordered_json(to_ms(*p95)) : ordered_json(nullptr)},
                       {"tree", tree}});
}

}  // namespace router::http
