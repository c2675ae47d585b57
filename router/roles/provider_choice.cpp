#include "router/roles/provider_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "router/messages/effect_id.h"

namespace router::roles {
namespace {

struct Candidate {
  const config::Provider* provider;
  std::string_view reason;
};

std::size_t weighted_index(const config::Policy& policy, double unit) {
  double total = 0;
  for (const auto& entry : policy.weights) total += entry.weight;
  double at = unit * total;
  for (std::size_t i = 0; i + 1 < policy.weights.size(); ++i) {
    if (at < policy.weights[i].weight) return i;
    at -= policy.weights[i].weight;
  }
  return policy.weights.size() - 1;
}

// In the order in which they are asked, each once.
std::vector<Candidate> candidates_of(const config::PolicySettings& settings, const config::Policy& policy,
                                     double unit) {
  std::vector<Candidate> candidates;
  const auto add = [&](const std::string& id, std::string_view reason) {
    const auto found = settings.providers.find(id);
    if (found == settings.providers.end()) return;
    const auto* provider = &found->second;
    if (std::ranges::find(candidates, provider, &Candidate::provider) == candidates.end()) {
      candidates.push_back({provider, reason});
    }
  };
  if (!policy.weights.empty()) add(policy.weights[weighted_index(policy, unit)].provider, "weighted");
  for (const auto& id : policy.fallbacks) add(id, "fallback");
  for (const auto& entry : policy.weights) add(entry.provider, "next_weighted");
  return candidates;
}

double limit_in(const messages::Json& body, const char* field) {
  const auto constraints = body.find("constraints");
  if (constraints == body.end() || !constraints->is_object()) return std::numeric_limits<double>::infinity();
  const auto limit = constraints->find(field);
  if (limit == constraints->end() || !limit->is_number()) return std::numeric_limits<double>::infinity();
  return limit->get<double>();
}

}  // namespace

std::expected<messages::Decision, NoChoice> choose_provider(const config::PolicySettings& settings,
                                                            const messages::DecideRequest& request,
                                                            const Admit& admit) {
  const auto& policy_id = request.policy_id.empty() ? settings.default_policy : request.policy_id;
  const auto policy = settings.policies.find(policy_id);
  if (policy == settings.policies.end()) {
    return std::unexpected(NoChoice{"policy_not_found", fmt::format("there is no policy {}", policy_id)});
  }
  const double most_ms = limit_in(request.body, "max_latency_ms");
  const double most_cost = limit_in(request.body, "max_cost");
  bool any = false;
  for (const auto& [provider, reason] :
       candidates_of(settings, policy->second, messages::unit_of(request.id))) {
    if (squall::base::to_ms(provider->expected_latency) > most_ms || provider->expected_cost > most_cost)
      continue;
    any = true;
    if (!admit(provider->id)) continue;
    return messages::Decision{.provider_id = provider->id,
                              .channel = provider->channel,
                              .priority = provider->priority,
                              .expected_latency = provider->expected_latency,
                              .expected_cost = provider->expected_cost,
                              .reason = std::string(reason)};
  }
  if (!any) return std::unexpected(NoChoice{"decision_failed", "no provider meets the constraints"});
  return std::unexpected(NoChoice{"decision_failed", "the circuit breakers of all providers are open",
                                  /*may_succeed_later=*/true});
}

}  // namespace router::roles
