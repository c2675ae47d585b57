// What the router answers, assigns and stores: DecideResponse, Error, Assignment and the stored decision that
// every duplicate of a request is answered from.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "router/messages/decide_request.h"
#include "router/messages/json_text.h"

namespace router::messages {

struct Decision {
  std::string provider_id;
  std::string channel;
  int priority = 50;
  std::chrono::nanoseconds expected_latency = std::chrono::milliseconds(500);
  double expected_cost = 0.01;
  std::string reason;
};

Json decide_response(const DecideRequest& request, const Decision& decision);

struct DecideError {
  std::string code;  // unauthorized, invalid_request, policy_not_found, decision_failed, overloaded, internal
  std::string message;
  std::string request_id;  // empty: unknown
  std::string trace_id;    // empty: none
};
Json error_response(const DecideError& error);

// The work for an executor. assignment_id is the request's id.
Json assignment(const DecideRequest& request, const Decision& decision);

// Kept in the decision stream, under router.v1.decision.<id>. It holds the assignment as well: a duplicate
// request may differ from the first, and must still cause nothing but the first one's effect.
struct StoredDecision {
  std::string tenant_id;
  std::string key;
  std::string request_id;          // of the first request with that key
  std::string trace_id;            // likewise
  std::string response;            // JSON, as it is sent
  std::string assignment;          // JSON, as it is sent; empty: none is wanted
  std::string assignment_subject;  // without the id; empty: the default one
};

StoredDecision stored_decision(const DecideRequest& request, const Decision& decision);
std::string to_text(const StoredDecision& decision);
base::Result<StoredDecision> read_stored_decision(std::string_view text);

}  // namespace router::messages
