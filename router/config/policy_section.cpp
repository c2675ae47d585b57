#include "router/config/policy_section.h"

#include <fmt/format.h>

namespace router::config {
namespace {

bool is_id(std::string_view text) { return is_stream_name(text); }

std::vector<std::string> ids_of(const PolicySettings& policy) {
  std::vector<std::string> ids;
  for (const auto& [id, provider] : policy.providers) ids.push_back(id);
  return ids;
}

std::string no_such_provider(const std::string& id, const PolicySettings& policy) {
  const auto near = nearest(id, ids_of(policy));
  return fmt::format("no such provider{}", near ? fmt::format(" (did you mean {}?)", *near) : "");
}

void read_providers(YamlSection section, PolicySettings& policy) {
  policy.providers.clear();
  for (const std::string& id : section.names()) {
    auto fields = section.section(id);
    if (!is_id(id)) section.problem(id, "expected an id without dots, spaces or wildcards");
    if (!fields) continue;
    Provider provider{.id = id};
    fields->read("channel", provider.channel, is_id, "the name of a channel");
    fields->read("priority", provider.priority, {0, 100});
    fields->read("expected_latency", provider.expected_latency, {0ms, 1h});
    fields->read("expected_cost", provider.expected_cost, {0.0, 1e9});
    fields->refuse_unknown();
    policy.providers[id] = provider;
  }
  if (policy.providers.empty()) section.problem("", "expected at least one provider");
}

Policy read_one_policy(const std::string& id, YamlSection section, const PolicySettings& all) {
  Policy policy{.id = id, .weights = {}, .fallbacks = {}};
  if (auto weights = section.section("weights")) {
    for (const std::string& provider : weights->names()) {
      WeightedProvider weighted{provider, 0.0};
      weights->read(provider, weighted.weight, {1e-6, 1e6});
      if (!all.providers.contains(provider)) weights->problem(provider, no_such_provider(provider, all));
      policy.weights.push_back(weighted);
    }
    if (policy.weights.empty()) section.problem("weights", "expected at least one provider and its weight");
  } else if (!section.has("weights")) {
    section.problem("", "expected weights, such as {fast: 3, cheap: 1}");
  }
  section.read("fallbacks", policy.fallbacks, is_id, "the id of a provider");
  for (const std::string& provider : policy.fallbacks) {
    if (all.providers.contains(provider)) continue;
    section.problem("fallbacks", fmt::format("{}: {}", provider, no_such_provider(provider, all)));
  }
  section.refuse_unknown();
  return policy;
}

void read_policies(YamlSection section, PolicySettings& policy) {
  policy.policies.clear();
  for (const std::string& id : section.names()) {
    auto fields = section.section(id);
    if (fields) policy.policies[id] = read_one_policy(id, std::move(*fields), policy);
  }
  if (policy.policies.empty()) section.problem("", "expected at least one policy");
}

void read_breaker(YamlSection section, BreakerSettings& breaker) {
  section.read("consecutive_failures", breaker.consecutive_failures, {1, 1'000'000});
  section.read("failure_ratio", breaker.failure_ratio, {0.01, 1.0});
  section.read("minimum_calls", breaker.minimum_calls, {1, 1'000'000});
  section.read("window", breaker.window, {1s, 1h});
  section.read("open_for", breaker.open_for, {10ms, 1h});
  section.read("half_open_probes", breaker.half_open_probes, {1, 1000});
  section.read("successes_to_close", breaker.successes_to_close, {1, 1000});
  section.read("probe_lease", breaker.probe_lease, {10ms, 1h});
  section.refuse_unknown();
}

}  // namespace

void read_policy(YamlSection section, PolicySettings& policy) {
  if (auto providers = section.section("providers")) {
    read_providers(std::move(*providers), policy);
    // Without policies of the user's own, all providers take equal parts.
    policy.policies["default"].weights.clear();
    for (const std::string& id : ids_of(policy)) policy.policies["default"].weights.push_back({id, 1.0});
  }
  if (auto policies = section.section("policies")) read_policies(std::move(*policies), policy);
  section.read("default_policy", policy.default_policy, is_id, "the id of a policy");
  if (!policy.policies.contains(policy.default_policy)) {
    section.problem("default_policy", fmt::format("there is no policy {}", policy.default_policy));
  }
  if (auto breaker = section.section("breaker")) read_breaker(std::move(*breaker), policy.breaker);
  section.refuse_unknown();
}

}  // namespace router::config
