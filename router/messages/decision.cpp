#include "router/messages/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace router::messages {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t latency_ms(const Decision& decision) {
  return duration_cast<milliseconds>(decision.expected_latency).count();
}

Json context(const std::string& request_id, const std::string& trace_id) {
  Json context = Json::object();
  if (!request_id.empty()) context["request_id"] = request_id;
  if (!trace_id.empty()) context["trace_id"] = trace_id;
  return context;
}

Json decision_json(const Decision& decision) {
  return {{"provider_id", decision.provider_id},
          {"priority", decision.priority},
          {"expected_latency_ms", latency_ms(decision)},
          {"expected_cost", decision.expected_cost},
          {"reason", decision.reason}};
}

Json object_at(const Json& body, const char* field) {
  const auto found = body.find(field);
  return found != body.end() && found->is_object() ? *found : Json::object();
}

// The client's options win, but for the deadline.
Json assignment_options(const DecideRequest& request, const Decision& decision) {
  Json options{{"priority", decision.priority}, {"retry", {{"max_attempts", 1}}}};
  options.update(object_at(request.body, "options"));
  options["deadline_ms"] = std::clamp<std::int64_t>(5 * latency_ms(decision), 5'000, 60'000);
  return options;
}

Json correlation(const DecideRequest& request) {
  Json correlation = Json::object();
  for (const char* field : {"trace_id", "run_id", "flow_id", "step_id"}) {
    if (const auto found = request.body.find(field); found != request.body.end() && found->is_string()) {
      correlation[field] = *found;
    }
  }
  return correlation;
}

}  // namespace

Json decide_response(const DecideRequest& request, const Decision& decision) {
  return {{"ok", true},
          {"decision", decision_json(decision)},
          {"context", context(request.request_id, request.trace_id)}};
}

Json error_response(const DecideError& error) {
  return {{"ok", false},
          {"error", {{"code", error.code}, {"message", error.message}}},
          {"context", context(error.request_id, error.trace_id)}};
}

Json assignment(const DecideRequest& request, const Decision& decision) {
  return {{"version", "1"},
          {"assignment_id", request.id},
          {"request_id", request.request_id},
          {"tenant_id", request.tenant_id},
          {"executor", {{"provider_id", decision.provider_id}, {"channel", decision.channel}}},
          {"job", object_at(request.body, "task")},
          {"options", assignment_options(request, decision)},
          {"correlation", correlation(request)},
          {"decision", decision_json(decision)},
          {"metadata", object_at(request.body, "metadata")}};
}

StoredDecision stored_decision(const DecideRequest& request, const Decision& decision) {
  return {.tenant_id = request.tenant_id,
          .key = request.key,
          .request_id = request.request_id,
          .trace_id = request.trace_id,
          .response = to_text(decide_response(request, decision)),
          .assignment = request.push_assignment ? to_text(assignment(request, decision)) : "",
          .assignment_subject = request.assignment_subject};
}

// Response and assignment are JSON already: writing them once is most of what a decision costs.
std::string to_text(const StoredDecision& decision) {
  return fmt::format(R"({{"version":"1","tenant_id":{},"key":{},"request_id":{},"trace_id":{},)"
                     R"("assignment_subject":{},"response":{},"assignment":{}}})",
                     to_text(Json(decision.tenant_id)), to_text(Json(decision.key)),
                     to_text(Json(decision.request_id)), to_text(Json(decision.trace_id)),
                     to_text(Json(decision.assignment_subject)), decision.response,
                     decision.assignment.empty() ? "null" : decision.assignment);
}

base::Result<StoredDecision> read_stored_decision(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return base::fail_within("stored decision", body.error());
  try {
    if (body->at("version") != "1") return base::fail("stored decision: unknown version");
    const auto& response = body->at("response");
    const auto& assignment = body->at("assignment");
    if (!response.is_object() || (!assignment.is_object() && !assignment.is_null())) {
      return base::fail("stored decision: response or assignment is not an object");
    }
    return StoredDecision{.tenant_id = body->at("tenant_id"),
                          .key = body->at("key"),
                          .request_id = body->at("request_id"),
                          .trace_id = body->value("trace_id", ""),
                          .response = to_text(response),
                          .assignment = assignment.is_null() ? "" : to_text(assignment),
                          .assignment_subject = body->value("assignment_subject", "")};
  } catch (const Json::exception& error) {
    return base::fail("stored decision: {}", error.what());
  }
}

}  // namespace router::messages
