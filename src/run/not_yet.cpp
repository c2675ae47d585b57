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
      if (!std::holds_alternative<fault::Kill>(action) && !std::holds_alternative<fault::Freeze>(action) &&
          !std::holds_alternative<fault::OnLink>(action)) {
        missing.insert(fmt::format("this build cannot inject {}", fault::kind_of(action)));
      }
    }
  }
}

}  // namespace

std::vector<std::string> not_yet_possible(const experiment::Experiment& /*experiment*/,
                                          const experiment::Plan& plan) {
  std::set<std::string> missing;
  look_at_steps(plan, missing);
  return {missing.begin(), missing.end()};
}

}  // namespace squall::run
