#include "run/shared_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "experiment/plan.h"
#include "run/run_session.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;

constexpr base::Nanos kAnswer = seconds(5);

// "orders.${id}.created" as what it can become: "orders.*.created".
std::string as_pattern(const std::string& subject) {
  std::string pattern;
  bool in_variable = false;
  bool has_variable = false;
  std::string token;
  const auto take = [&] {
    pattern += (pattern.empty() ? "" : ".") + (has_variable ? "*" : token);
    token.clear();
    has_variable = false;
  };
  for (std::size_t i = 0; i < subject.size(); ++i) {
    if (subject.compare(i, 2, "${") == 0) in_variable = has_variable = true;
    if (subject[i] == '.' && !in_variable) {
      take();
    } else {
      token += subject[i];
    }
    if (subject[i] == '}') in_variable = false;
  }
  take();
  return pattern;
}

std::vector<std::string> as_patterns(const std::vector<std::string>& subjects) {
  std::vector<std::string> patterns;
  for (const std::string& subject : subjects) patterns.push_back(as_pattern(subject));
  std::ranges::sort(patterns);
  patterns.erase(std::ranges::unique(patterns).begin(), patterns.end());
  return patterns;
}

struct Stranger {
  std::string stream;
  std::string consumer;
};

// Consumers of the streams of effects and of the input that are not ours: the effects' all, the input's where
// the experiment names its own.
awaitable<base::Result<std::vector<Stranger>>> strangers(ControlLink* nats,
                                                         const experiment::Experiment* experiment) {
  const base::Instant deadline = base::now() + kAnswer;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  std::vector<std::string> streams;
  for (const experiment::EffectSpec& effect : experiment->workload.effects) {
    if (!effect.command.empty() || effect.reply) continue;
    std::string stream = effect.stream;
    if (stream.empty()) {
      auto found = co_await stream_storing(*jetstream, effect.subject, deadline);
      if (!found) co_return std::unexpected(found.error());
      stream = std::move(*found);
    }
    streams.push_back(std::move(stream));
  }
  const auto input =
      co_await stream_with(*jetstream, as_pattern(experiment->workload.subjects.front()), deadline);
  if (input && !own_consumers(*experiment, *input).empty()) streams.push_back(*input);
  std::ranges::sort(streams);
  streams.erase(std::ranges::unique(streams).begin(), streams.end());
  std::vector<Stranger> found;
  for (const std::string& stream : streams) {
    const auto names = co_await jetstream->consumer_names(stream, deadline);
    if (!names) co_return base::fail("cannot list the consumers of {}: {}", stream, names.error().message());
    const auto own = own_consumers(*experiment, stream);
    for (const std::string& name : *names) {
      if (std::ranges::find(own, name) == own.end()) found.push_back({stream, name});
    }
  }
  co_return found;
}

}  // namespace

std::vector<std::string> own_consumers(const experiment::Experiment& experiment, const std::string& stream) {
  std::vector<std::string> names;
  const auto take = [&](const experiment::Question& question) {
    if (const auto* pulls = std::get_if<experiment::ConsumerPulls>(&question);
        pulls && pulls->stream == stream) {
      names.push_back(pulls->consumer);
    }
    if (const auto* lag = std::get_if<experiment::ConsumerLag>(&question); lag && lag->stream == stream) {
      names.push_back(lag->consumer);
    }
  };
  for (const experiment::Process& process : experiment.processes) {
    if (process.started() != nullptr && process.started()->ready) take(*process.started()->ready);
  }
  for (const experiment::Probe& probe : experiment.probes) take(probe.question);
  for (const experiment::ConsumerSpec& consumer : experiment.nats.consumers) {
    if (consumer.stream == stream) names.push_back(consumer.name);
  }
  return names;
}

awaitable<base::Result<std::unique_ptr<SharedGuard>>> SharedGuard::begin(
    ControlLink& nats, const experiment::Experiment& experiment) {
  std::unique_ptr<SharedGuard> guard(new SharedGuard(as_patterns(experiment.workload.subjects)));
  const auto others = co_await strangers(&nats, &experiment);
  if (!others) co_return std::unexpected(others.error());
  std::vector<std::string> names;
  for (const Stranger& each : *others) names.push_back(each.stream + "/" + each.consumer);
  if (!names.empty() && !experiment.allow.other_consumers) {
    co_return base::fail(
        "{} would get what this experiment makes: stop {}, or write allow: {{other_consumers: true}}",
        fmt::join(names, ", "), names.size() == 1 ? "it" : "them");
  }
  guard->about_ = experiment::subjects_text(experiment.workload);
  guard->seen_ = names.empty() ? "no other consumer" : fmt::format("allowed: {}", fmt::join(names, ", "));
  if (experiment.allow.other_publishers) {
    guard->seen_ += " · other publishers are allowed";
    co_return guard;
  }
  const base::Instant deadline = base::now() + kAnswer;
  client::ConnectOptions options = nats.access().dial(0);
  options.name = "squall-guard";
  auto connection = co_await client::Connection::connect(nats.io(), std::move(options), deadline);
  if (!connection) co_return std::unexpected(connection.error());
  guard->connection_ = std::move(*connection);
  SharedGuard* self = guard.get();
  guard->connection_->on_server_error([self](std::string_view text) { self->refused_ = std::string(text); });
  for (const std::string& subject : guard->subjects_) {
    auto subscription =
        guard->connection_->subscribe(subject, [self](const client::MessageView&) { ++self->others_; });
    if (!subscription) co_return std::unexpected(subscription.error().as_error());
    guard->subscriptions_.push_back(std::move(*subscription));
  }
  (void)co_await guard->connection_->ping(deadline);
  guard->listens_ = guard->refused_.empty();
  guard->since_ = base::now();
  if (!guard->listens_) {
    co_return base::fail(
        "cannot see whether others publish {} ({}): give Squall's user the right to subscribe to it, or "
        "write "
        "allow: {{other_publishers: true}}",
        guard->about_, guard->refused_);
  }
  co_return guard;
}

awaitable<base::Result<void>> SharedGuard::conclude() {
  if (!listens_) co_return base::Result<void>{};
  while (others_ == 0 && base::now() < since_ + kListens) {
    co_await sleep_until(std::min(base::now() + std::chrono::milliseconds(20), since_ + kListens));
  }
  subscriptions_.clear();
  connection_->close();
  listens_ = false;
  if (others_ > 0) {
    co_return base::fail(
        "somebody else publishes {}: {} messages within {}. What is ours could not be told from theirs where "
        "they "
        "are slow: stop them, or write allow: {{other_publishers: true}}",
        about_, others_, base::format_duration(base::now() - since_));
  }
  seen_ = fmt::format("{}: no other publisher in {} · {}", about_, base::format_duration(kListens), seen_);
  co_return base::Result<void>{};
}

}  // namespace squall::run
