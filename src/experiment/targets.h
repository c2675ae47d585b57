// What the faults, moments and probes of an experiment can refer to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/experiment.h"

namespace squall::experiment {

struct TargetNames {
  std::vector<std::string> processes;
  std::vector<std::string> servers;  // nats-1 …; none when attached
  std::vector<std::string> links;    // the file's, and those of processes
};

TargetNames names_of_targets(const Experiment& experiment);
// The file's probes, and those that every process and server has: called as they are.
std::vector<std::string> names_of_probes(const Experiment& experiment);

// "leader:STREAM", "leader:STREAM/consumer" or "leader:meta": the server that leads it when the fault
// strikes.
bool is_leader(std::string_view target);
// A server that Squall starts, by its name, or as who leads something.
bool is_server(const Experiment& experiment, std::string_view name);
// Whether the process has a link of its own: Squall starts it.
bool has_own_link(const Process& process);

// Why the fault has no target here, with the nearest name; nothing when it has one.
std::optional<std::string> cannot_strike(const Experiment& experiment, const fault::Action& action);
// Why nothing can be watched at this link; nothing when it can.
std::optional<std::string> has_no_link(const Experiment& experiment, const std::string& link);

// "nats://host:4222" -> "host".
std::string host_of(std::string_view url);
bool is_loopback(std::string_view host);

}  // namespace squall::experiment
