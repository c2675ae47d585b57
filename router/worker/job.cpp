#include "router/worker/job.h"

#include "router/messages/json_text.h"

namespace router::worker {

using messages::Json;

squall::base::Result<FinishedJob> finish_job(std::string_view assignment, const JobOutcome& outcome) {
  const auto body = messages::parse_object(assignment);
  if (!body) return std::unexpected(body.error());
  try {
    FinishedJob finished{.assignment_id = body->at("assignment_id")};
    Json result{{"version", "1"},
                {"assignment_id", finished.assignment_id},
                {"request_id", body->at("request_id")},
                {"tenant_id", body->at("tenant_id")},
                {"provider_id", body->at("executor").at("provider_id")},
                {"status", outcome.success ? "success" : "error"},
                {"job", {{"type", body->at("job").value("type", "unknown")}}},
                {"latency_ms", std::chrono::duration<double, std::milli>(outcome.took).count()},
                {"cost", 0.01}};
    const auto& correlation = body->value("correlation", Json::object());
    if (correlation.contains("trace_id")) result["trace_id"] = correlation.at("trace_id");
    finished.result = messages::to_text(result);
    return finished;
  } catch (const Json::exception& error) {
    return squall::base::fail("{}", error.what());
  }
}

}  // namespace router::worker
