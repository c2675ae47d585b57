#include "fault/step.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace squall::fault {
namespace {

std::string waiting(base::Nanos wait) {
  return wait > base::Nanos{0} ? base::format_duration(wait) + " after " : std::string();
}

struct Describe {
  std::string operator()(const AtTime& time) const { return "at " + base::format_duration(time.at); }
  std::string operator()(const AtMoment& at) const {
    std::string text = at.moment == Moment::kNthDelivery
                           ? fmt::format("delivery {} of a message to {}", at.nth, at.link)
                           : fmt::format("{} of {}", name_of(at.moment), at.link);
    if (!at.subject.empty()) text += " on " + at.subject;
    if (at.moment != Moment::kNthDelivery && at.nth > 1) text += fmt::format(", the {}th", at.nth);
    if (at.from > base::Nanos{0}) text += ", not before " + base::format_duration(at.from);
    return text;
  }
  std::string operator()(const AfterFault& after) const {
    return fmt::format("{}the {} of {}", after.wait > base::Nanos{0} ? waiting(after.wait) : "at ",
                       after.end == AfterFault::End::kHeal ? "heal" : "effect", after.fault);
  }
  std::string operator()(const WhenProbe& when) const {
    return fmt::format("{}{} turns {}", when.wait > base::Nanos{0} ? waiting(when.wait) : "when ", when.probe,
                       when.becomes == WhenProbe::Becomes::kGreen ? "green" : "red");
  }
};

struct AsJson {
  nlohmann::json operator()(const AtTime& time) const { return {{"at_ms", base::to_ms(time.at)}}; }
  nlohmann::json operator()(const AtMoment& at) const {
    return {{"moment", name_of(at.moment)},
            {"link", at.link},
            {"subject", at.subject},
            {"nth", at.nth},
            {"from_ms", base::to_ms(at.from)}};
  }
  nlohmann::json operator()(const AfterFault& after) const {
    return {{"after", after.fault},
            {"end", after.end == AfterFault::End::kHeal ? "heal" : "effect"},
            {"wait_ms", base::to_ms(after.wait)}};
  }
  nlohmann::json operator()(const WhenProbe& when) const {
    return {{"probe", when.probe},
            {"becomes", when.becomes == WhenProbe::Becomes::kGreen ? "green" : "red"},
            {"wait_ms", base::to_ms(when.wait)}};
  }
};

}  // namespace

nlohmann::json to_json(const TrialSteps& trial) {
  nlohmann::json steps = nlohmann::json::array();
  for (const Step& step : trial.steps) {
    nlohmann::json one{{"fault", to_json(step.fault)}, {"when", std::visit(AsJson{}, step.trigger)}};
    if (!step.replicas.empty()) one["replicas"] = step.replicas;
    steps.push_back(std::move(one));
  }
  return {{"trial", trial.number}, {"steps", std::move(steps)}};
}

std::string_view name_of(Moment moment) {
  switch (moment) {
    case Moment::kBeforeAck:
      return "before_ack";
    case Moment::kAfterAck:
      return "after_ack";
    case Moment::kAfterStore:
      return "after_store";
    case Moment::kNthDelivery:
      return "nth_delivery";
  }
  return "";
}

std::string describe(const Trigger& trigger) { return std::visit(Describe{}, trigger); }

}  // namespace squall::fault
