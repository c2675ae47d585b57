#include "experiment/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/mistake.h"
#include "fault/fault_kind.h"

namespace squall::experiment {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> both(std::vector<std::string> names, const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

std::optional<std::string> unless_known(std::string_view what, const std::string& name,
                                        const std::vector<std::string>& known) {
  if (contains(known, name)) return std::nullopt;
  return fmt::format("no such {}: {}{}", what, name, suggestion(name, known));
}

std::optional<std::string> no_leader(const Experiment& experiment, const std::string& target) {
  const StartedNats* started = experiment.nats.started();
  if (started != nullptr && started->servers > 1) return std::nullopt;
  return fmt::format("{}: only a cluster of Squall's own has leaders (start: {{servers: 3}})", target);
}

}  // namespace

TargetNames names_of_targets(const Experiment& experiment) {
  TargetNames names;
  for (const Process& process : experiment.processes) {
    names.processes.push_back(process.name);
    if (has_own_link(process)) names.links.push_back(process.name);
  }
  for (const Link& link : experiment.links) names.links.push_back(link.name);
  const StartedNats* started = experiment.nats.started();
  for (int i = 1; started != nullptr && i <= started->servers; ++i)
    names.servers.push_back(fmt::format("nats-{}", i));
  return names;
}

std::vector<std::string> names_of_probes(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Probe& probe : experiment.probes) names.push_back(probe.name);
  const TargetNames targets = names_of_targets(experiment);
  return both(both(std::move(names), targets.processes), targets.servers);
}

bool is_leader(std::string_view target) { return target.starts_with("leader:") && target.size() > 7; }

bool is_server(const Experiment& experiment, std::string_view name) {
  return is_leader(name) || contains(names_of_targets(experiment).servers, name);
}

bool has_own_link(const Process& process) { return process.started() != nullptr; }

std::optional<std::string> cannot_strike(const Experiment& experiment, const fault::Action& action) {
  const TargetNames names = names_of_targets(experiment);
  const std::string& target = fault::target_of(action);
  const fault::KindDoc* kind = fault::find_kind(fault::kind_of(action));
  switch (kind == nullptr ? fault::TargetKind::kCommand : kind->target) {
    case fault::TargetKind::kProcess:
      if (is_leader(target)) return no_leader(experiment, target);
      return unless_known("process or server", target, both(names.processes, names.servers));
    case fault::TargetKind::kServer:
      if (is_leader(target)) return no_leader(experiment, target);
      return unless_known("server of Squall's own", target, names.servers);
    case fault::TargetKind::kLink:
      return has_no_link(experiment, target);
    case fault::TargetKind::kStream: {
      std::vector<std::string> streams;
      for (const StreamSpec& stream : experiment.nats.streams) streams.push_back(stream.name);
      return unless_known("stream that Squall makes (nats.streams)", target, streams);
    }
    case fault::TargetKind::kConsumer: {
      std::vector<std::string> consumers;
      for (const ConsumerSpec& each : experiment.nats.consumers)
        consumers.push_back(each.stream + "/" + each.name);
      return unless_known("consumer that Squall makes (nats.consumers)", target, consumers);
    }
    case fault::TargetKind::kCommand:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> has_no_link(const Experiment& experiment, const std::string& link) {
  const TargetNames names = names_of_targets(experiment);
  if (contains(names.links, link)) return std::nullopt;
  if (contains(names.processes, link)) {
    return fmt::format(
        "{} is attached, so it has no link of its own: give one in links, let it dial that, and name it",
        link);
  }
  return fmt::format("no such link: {}{}", link, suggestion(link, names.links));
}

std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find_first_of(":/")));
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace squall::experiment
