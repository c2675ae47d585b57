// What `squall plan` prints.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiment/notation.h"
#include "experiment/plan.h"
#include "experiment/read_secret.h"

namespace squall::experiment {
namespace {

std::string line(std::string_view name, std::string_view text) {
  return fmt::format("  {:<13} {}\n", name, text);
}

std::string nats_text(const Nats& nats) {
  std::string text;
  if (const StartedNats* started = nats.started()) {
    text = started->servers == 1
               ? "1 server, started by Squall"
               : fmt::format("{} servers in a cluster, started by Squall", started->servers);
    if (started->down_at_start) text += ", after the processes";
  } else {
    const AttachedNats& attached = *nats.attached();
    text = attached.context.empty() ? fmt::format("attached: {}", fmt::join(attached.urls, ", "))
                                    : fmt::format("attached: context {}", attached.context);
    if (attached.shared) text += ", shared with others";
  }
  if (!nats.streams.empty())
    text += fmt::format(" · makes {} stream{}", nats.streams.size(), nats.streams.size() == 1 ? "" : "s");
  if (!nats.consumers.empty()) {
    text += fmt::format(" · {} consumer{}", nats.consumers.size(), nats.consumers.size() == 1 ? "" : "s");
  }
  return text;
}

std::string restart_text(const Restart& restart) {
  switch (restart.by) {
    case RestartedBy::kSquall:
      return "Squall restarts it after " + write_duration(restart.after);
    case RestartedBy::kItself:
      return "it restarts itself";
    case RestartedBy::kSystemd:
      return "systemd restarts it";
    case RestartedBy::kDocker:
      return "docker restarts it";
    case RestartedBy::kKubernetes:
      return "kubernetes restarts it";
    case RestartedBy::kNobody:
      return "nobody restarts it";
  }
  return "";
}

std::string process_text(const Process& process) {
  std::string text;
  if (const StartedProcess* started = process.started()) {
    text = fmt::format("{}", fmt::join(started->command, " "));
  } else {
    const AttachedProcess& attached = *process.attached();
    if (!attached.pid_file.empty()) text = "attached: pid file " + attached.pid_file;
    if (!attached.unit.empty()) text = "attached: unit " + attached.unit;
    if (!attached.matching.empty()) text = "attached: command line with \"" + attached.matching + "\"";
    if (!attached.of.empty()) text += ", a child of " + attached.of;
    if (process.at_most != process.replicas) text += fmt::format(", at most {}", process.at_most);
  }
  if (process.replicas > 1) text += fmt::format(" · {} of them", process.replicas);
  return text + " · " + restart_text(process.restart);
}

std::string match_text(const IdentityPlace& match) {
  switch (match.kind) {
    case IdentityPlace::Kind::kJson:
      return "by " + match.name;
    case IdentityPlace::Kind::kHeader:
      return "by header " + match.name;
    case IdentityPlace::Kind::kSubjectToken:
      return "by the last token of its subject";
    case IdentityPlace::Kind::kLine:
      return "by its lines";
  }
  return "";
}

std::string load_text(const WorkloadSpec& workload) {
  const char* how = workload.transport == Transport::kRequest ? "requests to"
                    : workload.transport == Transport::kCore  ? "core messages to"
                                                              : "messages to";
  const std::string pace = workload.unpaced
                               ? fmt::format("as fast as {} without an answer allow,", workload.in_flight)
                               : fmt::format("{:g}/s", workload.per_second);
  std::string text = fmt::format("{} {} {}", pace, how, experiment::subjects_text(workload));
  if (workload.burst > 1) text += fmt::format(", {} at a time", workload.burst);
  if (workload.retry.attempts > 1) text += fmt::format(", each up to {} times", workload.retry.attempts);
  return text;
}

std::string without_text(const WithoutEffect& without) {
  std::string text = without.subjects.empty() ? "" : fmt::format("of {}", fmt::join(without.subjects, ", "));
  if (without.pointer.empty()) return text;
  return fmt::format("{}{}{} is {}", text, text.empty() ? "" : ", where ", without.pointer,
                     fmt::join(without.values, " or "));
}

std::string effect_text(const EffectSpec& effect) {
  std::string text = effect.reply ? "the reply"
                     : effect.command.empty()
                         ? "as stored for " + effect.subject
                         : fmt::format("as printed by {}", fmt::join(effect.command, " "));
  text += ", " + match_text(effect.match);
  if (effect.per_input != 1) text += fmt::format(", {} per input", effect.per_input);
  return text;
}

std::string clock_text(std::string_view name, const ClockBound& bound) {
  std::string text;
  for (const auto& [which, value] :
       {std::pair{"p50", bound.p50}, {"p95", bound.p95}, {"p99", bound.p99}, {"max", bound.max}}) {
    if (value) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", which, write_duration(*value));
  }
  return text.empty() ? text : fmt::format("{} {}", name, text);
}

std::string expect_text(const Expectations& expect) {
  std::vector<std::string> parts;
  for (const auto& [name, bound] : {std::pair{"caught_up", &expect.caught_up},
                                    {"first_output", &expect.first_output},
                                    {"time_to_green", &expect.time_to_green},
                                    {"latency", &expect.latency}}) {
    if (bound->any()) parts.push_back(clock_text(name, *bound));
  }
  const LossBound none{0, 0, 0, 0};
  if (expect.effects == Effects::kAtLeastOnce) parts.emplace_back("effects at least once");
  if (expect.effects == Effects::kAtMostOnce) parts.emplace_back("effects at most once");
  if (!expect.allows_losses()) parts.push_back(expect.lost == none ? "lost 0" : "lost by cause");
  if (expect.duplicates) parts.push_back(fmt::format("duplicates {}", *expect.duplicates));
  if (expect.errors) parts.push_back(fmt::format("errors {:g}%", *expect.errors * 100));
  if (expect.hit.kind == HitBound::Kind::kAll) parts.emplace_back("every trial must strike unfinished work");
  return fmt::format("{}", fmt::join(parts, " · "));
}

std::string step_text(const fault::Step& step) {
  std::string text = fmt::format("{}: {}", fault::describe(step.trigger), fault::describe(step.fault.action));
  if (!step.replicas.empty()) text += fmt::format(" (replica {})", fmt::join(step.replicas, ", "));
  return text + "  [" + step.fault.name + "]";
}

std::string trial_text(std::string_view numbers, const std::vector<fault::Step>& steps) {
  std::string text;
  for (const fault::Step& step : steps) {
    text += line(text.empty() ? numbers : std::string_view(), step_text(step));
  }
  return text.empty() ? line(numbers, "no fault") : text;
}

// Trials in a row that do the same are one entry.
std::string schedule_text(const std::vector<fault::TrialSteps>& trials) {
  std::string text;
  for (std::size_t i = 0; i < trials.size();) {
    std::size_t last = i;
    while (last + 1 < trials.size() && trials[last + 1].steps == trials[i].steps) ++last;
    text += trial_text(last == i ? fmt::format("trial {}", trials[i].number)
                                 : fmt::format("trial {}-{}", trials[i].number, trials[last].number),
                       trials[i].steps);
    i = last + 1;
  }
  return text;
}

std::string tls_text(const LinkTls& tls) {
  if (!tls.any()) return "";
  const auto side = [](const std::optional<Tls>& of) { return !of ? "none" : of->first ? "first" : "yes"; };
  return fmt::format(", ends TLS (clients: {}, server: {})", side(tls.client), side(tls.server));
}

}  // namespace

std::string subjects_text(const WorkloadSpec& workload) {
  constexpr std::size_t kShown = 3;
  const std::vector<std::string>& all = workload.subjects;
  if (all.size() <= kShown) return fmt::format("{}", fmt::join(all, ", "));
  return fmt::format("{}, {} … {} ({} subjects)", all[0], all[1], all.back(), all.size());
}

std::string to_text(const Experiment& experiment, const Plan& plan) {
  const TrialSettings& trials = experiment.trials;
  std::string text = fmt::format("{} · seed {} · {} trial{}\n", experiment.name, plan.seed,
                                 plan.trials.size(), plan.trials.size() == 1 ? "" : "s");
  text += line("nats", nats_text(experiment.nats));
  for (const Process& process : experiment.processes) text += line(process.name, process_text(process));
  for (const Link& link : experiment.links) {
    text += line(link.name, fmt::format("link to {}{}{}", link.to, link.speaks_nats ? "" : ", bytes only",
                                        tls_text(link.tls)));
  }
  for (const Probe& probe : experiment.probes) {
    text += line(probe.name, fmt::format("probe: {}, every {}{}", describe(probe.question),
                                         write_duration(probe.every), probe.required ? "" : ", only shown"));
  }
  text += line("load", load_text(experiment.workload));
  for (const EffectSpec& effect : experiment.workload.effects)
    text += line("effect", effect.name + ": " + effect_text(effect));
  if (const auto& without = experiment.workload.without_effect)
    text += line("no effect", without_text(*without));
  text += line("expect", expect_text(experiment.expect));
  if (trials.control > base::Nanos{0})
    text += line("control", write_duration(trials.control) + " without a fault");
  if (!plan.trials.empty()) {
    text += line("each trial", fmt::format("{} of load, its faults, then until green for {} (at most {})",
                                           write_duration(trials.baseline), write_duration(trials.hold),
                                           write_duration(trials.recover_within)));
  }
  text += schedule_text(plan.trials);
  return redact(experiment, std::move(text));
}

}  // namespace squall::experiment
