// What clients ask for: DecideRequest, with the rules that make one acceptable.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "router/messages/json_text.h"

namespace router::messages {

struct DecideRequest {
  std::string request_id;
  std::string tenant_id;
  std::string key;        // the idempotency key, else the request id
  std::string id;         // effect_id of tenant and key
  std::string trace_id;   // empty: none
  std::string policy_id;  // empty: the default one
  bool push_assignment = true;
  std::string assignment_subject;  // empty: the default one
  Json body;                       // everything as it came, unknown fields included
};

// Why a message can never succeed.
struct Rejection {
  std::string code;  // unauthorized, invalid_request, policy_not_found
  std::string message;
  // As far as they could be read.
  std::string request_id;
  std::string trace_id;
};

struct RequestRules {
  std::size_t payload_bytes = 1024 * 1024;
  std::vector<std::string> tenants;              // empty: every tenant
  std::vector<std::string> assignment_subjects;  // patterns
};

// Checks in this order, and names the first that fails: size, JSON, version, tenant, correlation ids,
// idempotency key, request id and task, tenant allow-list, assignment subject.
std::expected<DecideRequest, Rejection> read_decide_request(std::string_view payload,
                                                            const RequestRules& rules);

}  // namespace router::messages
