#include "run/not_yet.h"

#include <fmt/format.h>

#include <set>
#include <variant>

namespace squall::run {
namespace {

void look_at_steps(const experiment::Plan& plan, std::set<std::string>& missing) {
  for (const fault::TrialSteps& trial : plan.trials) {
    for (const fault::Step& step : trial.steps) {
      const fault::Action& action = step.fault.action;
      if (!std::holds_alternative<fault::Kill>(action) && !std::holds_alternative<fault::Freeze>(action)) {
        missing.insert(fmt::format("this build cannot inject {}", fault::kind_of(action)));
      }
      if (const auto* moment = std::get_if<fault::AtMoment>(&step.trigger)) {
        missing.insert(fmt::format("this build cannot strike at a moment of the protocol ({})",
                                   fault::name_of(moment->moment)));
      }
    }
  }
}

void look_at_system(const experiment::Experiment& experiment, std::set<std::string>& missing) {
  if (!experiment.links.empty()) missing.insert("this build makes no links of its own (links)");
  if (!experiment.abort.empty()) missing.insert("this build does not watch abort conditions (abort)");
  for (const experiment::Process& process : experiment.processes) {
    const experiment::AttachedProcess* attached = process.attached();
    if (attached != nullptr && attached->pid_file.empty()) {
      missing.insert(
          fmt::format("this build finds an attached process by its pid_file only ({})", process.name));
    }
  }
}

}  // namespace

std::vector<std::string> not_yet_possible(const experiment::Experiment& experiment,
                                          const experiment::Plan& plan) {
  std::set<std::string> missing;
  look_at_steps(plan, missing);
  look_at_system(experiment, missing);
  return {missing.begin(), missing.end()};
}

}  // namespace squall::run
