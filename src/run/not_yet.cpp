#include "run/not_yet.h"

#include <fmt/format.h>

#include <set>

namespace squall::run {
namespace {

void look_at_expectations(const experiment::Expectations& expect, std::set<std::string>& missing) {
  if (expect.order != experiment::Order::kNotJudged) missing.insert("this build cannot judge expect.order");
  if (expect.latency.any()) missing.insert("this build cannot judge expect.latency");
  const experiment::LossBound& lost = expect.lost;
  if (lost.in_nats != lost.by_service || lost.by_service != lost.stranded || lost.stranded != lost.pending) {
    missing.insert("this build cannot tell losses by their cause: give expect.lost one number for all");
  }
}

}  // namespace

std::vector<std::string> not_yet_possible(const experiment::Experiment& experiment) {
  std::set<std::string> missing;
  look_at_expectations(experiment.expect, missing);
  return {missing.begin(), missing.end()};
}

}  // namespace squall::run
