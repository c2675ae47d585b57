// What executors send back (Result), and the one usage event that each accepted result causes.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "router/messages/decide_request.h"
#include "router/messages/json_text.h"

namespace router::messages {

enum class JobStatus { success, error, timeout, cancelled };

std::string_view name_of(JobStatus status);

struct JobResult {
  std::string assignment_id;  // one token of a subject
  std::string request_id;
  std::string tenant_id;  // empty: not said; the stored decision knows
  std::string provider_id;
  JobStatus status = JobStatus::success;
  Json body;  // everything as it came
};

std::expected<JobResult, Rejection> read_job_result(std::string_view payload, std::size_t payload_bytes);

Json usage_event(const JobResult& result);

// What the result role tells the circuit breakers of all decide roles.
struct ProviderOutcome {
  std::string tenant_id;
  std::string provider_id;
  bool success = true;
};
std::string to_text(const ProviderOutcome& outcome);
base::Result<ProviderOutcome> read_provider_outcome(std::string_view text);

}  // namespace router::messages
