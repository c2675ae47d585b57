#include "experiment/experiment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace squall::experiment {
namespace {

struct Describe {
  std::string operator()(const ProcessLives& lives) const { return fmt::format("{} lives", lives.process); }
  std::string operator()(const NatsConnects& nats) const {
    return fmt::format("{} answers a new connection", nats.server);
  }
  std::string operator()(const HttpAnswers& http) const {
    return fmt::format("{} answers {}", http.url, http.status);
  }
  std::string operator()(const MetricIs& metric) const {
    std::string text = fmt::format("{} of {}", metric.name, metric.url);
    if (metric.at_least) text += fmt::format(" is at least {}", *metric.at_least);
    if (metric.at_most)
      text += fmt::format("{} at most {}", metric.at_least ? " and" : " is", *metric.at_most);
    return text;
  }
  std::string operator()(const ConsumerPulls& pulls) const {
    return fmt::format("{}/{} has an open pull", pulls.stream, pulls.consumer);
  }
  std::string operator()(const ConsumerLag& lag) const {
    return fmt::format("{}/{} lags by at most {}", lag.stream, lag.consumer, lag.at_most);
  }
  std::string operator()(const LogSays& log) const {
    return fmt::format("the log{} says \"{}\"", log.process.empty() ? "" : " of " + log.process, log.text);
  }
  std::string operator()(const CommandSucceeds& exec) const {
    return fmt::format("`{}` succeeds", fmt::join(exec.command, " "));
  }
};

}  // namespace

std::string describe(const Question& question) { return std::visit(Describe{}, question); }

std::optional<base::Nanos> ClockBound::loosest() const {
  std::optional<base::Nanos> most;
  for (const auto& bound : {p50, p95, p99, max}) {
    if (bound && (!most || *bound > *most)) most = bound;
  }
  return most;
}

const Process* Experiment::find_process(std::string_view process) const {
  const auto at = std::ranges::find(processes, process, &Process::name);
  return at == processes.end() ? nullptr : &*at;
}

}  // namespace squall::experiment
