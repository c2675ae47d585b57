#include "router/messages/job_result.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "router/messages/subject_pattern.h"

namespace router::messages {
namespace {

constexpr std::array<std::pair<std::string_view, JobStatus>, 4> kStatuses{{
    {"success", JobStatus::success},
    {"error", JobStatus::error},
    {"timeout", JobStatus::timeout},
    {"cancelled", JobStatus::cancelled},
}};

base::Result<JobStatus> read_status(const Json& body) {
  const auto text = read_name(body, "status");
  if (!text) return std::unexpected(text.error());
  for (const auto& [name, status] : kStatuses) {
    if (name == *text) return status;
  }
  return base::fail("status must be success, error, timeout or cancelled");
}

base::Result<void> check_optional_fields(const Json& body) {
  if (const auto version = body.find("version"); version != body.end() && *version != "1") {
    return base::fail("version must be \"1\"");
  }
  for (const char* field : {"latency_ms", "cost"}) {
    const auto found = body.find(field);
    if (found != body.end() && !found->is_number()) return base::fail("{} must be a number", field);
  }
  if (const auto job = body.find("job"); job != body.end() && !job->is_object()) {
    return base::fail("job must be an object");
  }
  return {};
}

base::Result<JobResult> read_fields(const Json& body) {
  if (auto ok = check_optional_fields(body); !ok) return std::unexpected(ok.error());
  auto assignment_id = read_name(body, "assignment_id");
  if (!assignment_id) return std::unexpected(assignment_id.error());
  if (!is_subject_token(*assignment_id)) return base::fail("assignment_id must be one token of a subject");
  auto request_id = read_name(body, "request_id");
  if (!request_id) return std::unexpected(request_id.error());
  const auto status = read_status(body);
  if (!status) return std::unexpected(status.error());
  auto provider_id = read_name(body, "provider_id");
  if (!provider_id) return std::unexpected(provider_id.error());
  auto tenant_id = read_optional_name(body, "tenant_id");
  if (!tenant_id) return std::unexpected(tenant_id.error());
  return JobResult{.assignment_id = std::move(*assignment_id),
                   .request_id = std::move(*request_id),
                   .tenant_id = std::move(*tenant_id),
                   .provider_id = std::move(*provider_id),
                   .status = *status};
}

}  // namespace

std::string_view name_of(JobStatus status) {
  for (const auto& [name, value] : kStatuses) {
    if (value == status) return name;
  }
  return "unknown";
}

std::expected<JobResult, Rejection> read_job_result(std::string_view payload, std::size_t payload_bytes) {
  const auto reject = [](std::string message) {
    return std::unexpected(Rejection{"invalid_request", std::move(message), "", ""});
  };
  if (payload.size() > payload_bytes) {
    return reject(fmt::format("{} bytes, and {} are allowed", payload.size(), payload_bytes));
  }
  auto body = parse_object(payload);
  if (!body) return reject(body.error().message());
  auto result = read_fields(*body);
  if (!result) return reject(result.error().message());
  result->body = std::move(*body);
  return std::move(*result);
}

Json usage_event(const JobResult& result) {
  Json usage{{"version", "1"},
             {"assignment_id", result.assignment_id},
             {"request_id", result.request_id},
             {"tenant_id", result.tenant_id},
             {"provider_id", result.provider_id},
             {"status", name_of(result.status)}};
  for (const char* field : {"latency_ms", "cost", "trace_id", "metadata"}) {
    if (const auto found = result.body.find(field); found != result.body.end()) usage[field] = *found;
  }
  if (const auto job = result.body.find("job"); job != result.body.end() && job->contains("type")) {
    usage["job"] = {{"type", job->at("type")}};
  }
  return usage;
}

std::string to_text(const ProviderOutcome& outcome) {
  return to_text(Json{
      {"tenant_id", outcome.tenant_id}, {"provider_id", outcome.provider_id}, {"success", outcome.success}});
}

base::Result<ProviderOutcome> read_provider_outcome(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return std::unexpected(body.error());
  try {
    return ProviderOutcome{body->at("tenant_id"), body->at("provider_id"), body->at("success")};
  } catch (const Json::exception& error) {
    return base::fail("provider outcome: {}", error.what());
  }
}

}  // namespace router::messages
