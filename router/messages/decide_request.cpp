#include "router/messages/decide_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "router/messages/effect_id.h"
#include "router/messages/subject_pattern.h"

namespace router::messages {
namespace {

base::Result<void> check_version(const Json& body) {
  const auto version = body.find("version");
  if (version == body.end()) return base::fail("version is missing");
  if (*version != "1") return base::fail("version must be \"1\"");
  return {};
}

// run_id, flow_id, step_id: all or none.
base::Result<void> check_correlation(const Json& body) {
  int present = 0;
  for (const char* field : {"run_id", "flow_id", "step_id"}) {
    const auto id = read_optional_name(body, field);
    if (!id) return std::unexpected(id.error());
    if (!id->empty()) ++present;
  }
  if (present != 0 && present != 3) return base::fail("run_id, flow_id and step_id go together: all or none");
  return {};
}

base::Result<void> check_task(const Json& body) {
  const auto task = body.find("task");
  if (task == body.end()) return base::fail("task is missing");
  if (!task->is_object()) return base::fail("task must be an object");
  const auto type = read_name(*task, "type");
  if (!type) return base::fail("task: {}", type.error().message());
  const bool inlined = task->contains("payload");
  const auto reference = read_optional_name(*task, "payload_ref", 4096);
  if (!reference) return base::fail("task: {}", reference.error().message());
  if (inlined == !reference->empty()) return base::fail("task needs either payload or payload_ref");
  return {};
}

base::Result<void> read_options(const Json& body, DecideRequest& request) {
  for (const char* field : {"options", "metadata", "constraints"}) {
    const auto found = body.find(field);
    if (found != body.end() && !found->is_object() && !found->is_null()) {
      return base::fail("{} must be an object", field);
    }
  }
  if (const auto push = body.find("push_assignment"); push != body.end() && !push->is_null()) {
    if (!push->is_boolean()) return base::fail("push_assignment must be true or false");
    request.push_assignment = push->get<bool>();
  }
  auto policy = read_optional_name(body, "policy_id");
  if (!policy) return std::unexpected(policy.error());
  request.policy_id = std::move(*policy);
  auto subject = read_optional_name(body, "assignment_subject");
  if (!subject) return std::unexpected(subject.error());
  request.assignment_subject = std::move(*subject);
  return {};
}

// Reads one name into `into`, whichever comes first: the error, or the value.
base::Result<void> read_into(std::string& into, base::Result<std::string> read) {
  if (!read) return std::unexpected(read.error());
  into = std::move(*read);
  return {};
}

base::Result<void> read_fields(DecideRequest& request) {
  const Json& body = request.body;
  if (auto ok = check_version(body); !ok) return ok;
  if (auto ok = read_into(request.tenant_id, read_name(body, "tenant_id")); !ok) return ok;
  if (auto ok = check_correlation(body); !ok) return ok;
  if (auto ok = read_into(request.key, read_optional_name(body, "idempotency_key")); !ok) return ok;
  if (auto ok = read_into(request.request_id, read_name(body, "request_id")); !ok) return ok;
  if (auto ok = check_task(body); !ok) return ok;
  if (auto ok = read_into(request.trace_id, read_optional_name(body, "trace_id")); !ok) return ok;
  return read_options(body, request);
}

// For the answer to a request that is refused for something else.
std::string name_or_nothing(const Json& body, const char* field) {
  return read_optional_name(body, field).value_or("");
}

}  // namespace

std::expected<DecideRequest, Rejection> read_decide_request(std::string_view payload,
                                                            const RequestRules& rules) {
  if (payload.size() > rules.payload_bytes) {
    return std::unexpected(
        Rejection{"invalid_request",
                  fmt::format("{} bytes, and {} are allowed", payload.size(), rules.payload_bytes), "", ""});
  }
  auto body = parse_object(payload);
  if (!body) return std::unexpected(Rejection{"invalid_request", body.error().message(), "", ""});
  DecideRequest request{.body = std::move(*body)};
  const auto reject = [&](std::string code, std::string message) {
    return std::unexpected(Rejection{std::move(code), std::move(message),
                                     name_or_nothing(request.body, "request_id"),
                                     name_or_nothing(request.body, "trace_id")});
  };
  if (const auto ok = read_fields(request); !ok) return reject("invalid_request", ok.error().message());
  if (!rules.tenants.empty() && std::ranges::find(rules.tenants, request.tenant_id) == rules.tenants.end()) {
    return reject("unauthorized", fmt::format("tenant {} is not allowed", request.tenant_id));
  }
  if (!request.assignment_subject.empty() &&
      !is_allowed_subject(request.assignment_subject, rules.assignment_subjects)) {
    return reject("unauthorized",
                  fmt::format("assignment_subject {} is not allowed", request.assignment_subject));
  }
  if (request.key.empty()) request.key = request.request_id;
  request.id = effect_id({request.tenant_id, request.key});
  return request;
}

}  // namespace router::messages
