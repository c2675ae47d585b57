// Which provider gets a request: a pure function of the policy, the request and what the breakers admit.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "router/config/router_config.h"
#include "router/messages/decide_request.h"
#include "router/messages/decision.h"

namespace router::roles {

struct NoChoice {
  std::string code;  // policy_not_found, decision_failed
  std::string message;
  bool may_succeed_later = false;
};

// Asked for each candidate in turn; it may be counted, so only until one is admitted.
using Admit = std::function<bool(const std::string& provider)>;

// The weighted choice is hash(id), whichever process decides. Then come the policy's fallbacks, in their
// order, and then its other weighted providers. Providers beyond the request's constraints are no candidates.
std::expected<messages::Decision, NoChoice> choose_provider(const config::PolicySettings& settings,
                                                            const messages::DecideRequest& request,
                                                            const Admit& admit);

}  // namespace router::roles
