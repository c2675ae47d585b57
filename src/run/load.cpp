#include "run/load.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "wire/subject.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;

// A .jsonl file has a sample on each line; any other is one sample.
base::Result<std::vector<std::string>> samples_of(const experiment::Payload& payload) {
  if (payload.file.empty()) return std::vector<std::string>{};
  std::ifstream file(payload.file);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return base::fail("cannot read {}", payload.file.string());
  if (payload.file.extension() != ".jsonl") return std::vector{text.str()};
  auto samples = workload::split_samples(text.str());
  if (!samples) return base::fail_within(payload.file.string(), samples.error());
  return samples;
}

workload::Pacing pacing_of(const experiment::WorkloadSpec& spec) {
  switch (spec.shape) {
    case experiment::RateShape::kSteady:
      break;
    case experiment::RateShape::kRamp:
      return workload::ramp(spec.per_second, spec.shape_over, spec.burst);
    case experiment::RateShape::kStep:
      return workload::step(spec.per_second, spec.shape_over, spec.burst);
  }
  return {.per_second = spec.per_second, .burst = spec.burst, .before = {}};
}

workload::Transport transport_of(experiment::Transport transport) {
  switch (transport) {
    case experiment::Transport::kJetStream:
      break;
    case experiment::Transport::kCore:
      return workload::Transport::kCore;
    case experiment::Transport::kRequest:
      return workload::Transport::kRequest;
  }
  return workload::Transport::kJetStream;
}

workload::IdentityPlace place_of(const experiment::IdentityPlace& place) {
  using From = experiment::IdentityPlace::Kind;
  using To = workload::IdentityPlace::Kind;
  workload::IdentityPlace same{.kind = To::kJson, .name = place.name};
  if (place.kind == From::kHeader) same.kind = To::kHeader;
  if (place.kind == From::kSubjectToken) same.kind = To::kSubjectToken;
  return same;
}

workload::StoredEffects stored_effects(const experiment::EffectSpec& effect,
                                       const client::StreamStatus& stream, bool shared) {
  workload::StoredEffects stored;
  stored.stream = stream.name;
  stored.match = place_of(effect.match);
  stored.is_effect = [subject = effect.subject, below = effect.subject + ".>"](std::string_view given) {
    return wire::subject_matches(subject, given) || wire::subject_matches(below, given);
  };
  stored.carried = effect.carries;
  stored.first_seq = stream.last_seq + 1;
  stored.shared = shared;
  return stored;
}

// The effect's stream as it is now. Errors: there is none, or more than one.
awaitable<base::Result<client::StreamStatus>> stream_of(const experiment::EffectSpec& effect,
                                                        ControlLink& nats) {
  const base::Instant deadline = base::now() + std::chrono::seconds(5);
  auto jetstream = co_await nats.jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  std::string name = effect.stream;
  if (name.empty()) {
    auto found = co_await stream_storing(*jetstream, effect.subject, deadline);
    if (!found) co_return std::unexpected(found.error());
    name = std::move(*found);
  }
  auto stream = co_await jetstream->stream(name, deadline);
  if (!stream) co_return base::fail("cannot look at stream {}: {}", name, stream.error().message());
  co_return std::move(*stream);
}

}  // namespace

base::Result<workload::InputSource> inputs_of(const experiment::WorkloadSpec& spec,
                                              const LoadSettings& settings) {
  auto samples = samples_of(spec.payload);
  if (!samples) return std::unexpected(samples.error());
  workload::InputOptions inputs;
  inputs.subjects = spec.subjects;
  inputs.samples = std::move(*samples);
  if (!spec.payload.text.empty()) inputs.templates = {spec.payload.text};
  for (const experiment::SizeRange& size : spec.payload.sizes) {
    inputs.sizes.push_back(
        {.least = static_cast<std::size_t>(size.least), .most = static_cast<std::size_t>(size.most)});
  }
  if (inputs.sizes.empty() && inputs.samples.empty() && inputs.templates.empty()) inputs.templates = {"{}"};
  inputs.set = spec.payload.set;
  inputs.headers = spec.headers;
  inputs.message_id = spec.message_id;
  if (const auto& without = spec.without_effect) {
    inputs.without_effect = {
        .subjects = without->subjects, .pointer = without->pointer, .values = without->values};
  }
  inputs.key_prefix = settings.key_prefix;
  inputs.started = base::wall_now();
  inputs.seed = settings.seed;
  return workload::InputSource::make(std::move(inputs));
}

// What a consumer that Squall makes holds back comes again by then.
base::Nanos quiet_for(const std::vector<experiment::ConsumerSpec>& consumers) {
  base::Nanos longest{};
  for (const experiment::ConsumerSpec& consumer : consumers) longest = std::max(longest, consumer.ack_wait);
  return longest + std::chrono::seconds(2);
}

awaitable<base::Result<workload::WorkloadOptions>> workload_options(const experiment::WorkloadSpec& spec,
                                                                    LoadSettings settings,
                                                                    ControlLink& nats) {
  auto inputs = inputs_of(spec, settings);
  if (!inputs) co_return std::unexpected(inputs.error());
  workload::WorkloadOptions options;
  options.nats = nats.access();
  options.load.transport = transport_of(spec.transport);
  options.load.pacing = pacing_of(spec);
  options.load.in_flight = spec.in_flight;
  options.load.unpaced = spec.unpaced;
  options.load.retry = {
      .attempts = spec.retry.attempts, .pause = spec.retry.pause, .when_unknown = spec.retry.when_unknown};
  options.load.connections = static_cast<std::uint32_t>(spec.connections);
  options.load.make_input = [source = std::move(*inputs)](ledger::OpId id, workload::Input& input) {
    source.make_input(id, input);
  };
  options.load.timeout = spec.timeout;
  options.key_prefix = settings.key_prefix;
  options.ledger_sink = std::move(settings.ledger_sink);
  for (const experiment::EffectSpec& effect : spec.effects) {
    workload::EffectSource source;
    source.stage = effect.name;
    source.per_input = static_cast<std::uint32_t>(effect.per_input);
    if (!effect.command.empty()) {
      source.how = workload::CommandEffects{.command = effect.command, .every = effect.command_every};
    } else if (effect.reply) {
      source.how = workload::ReplyEffects{place_of(effect.match)};
    } else {
      const auto stream = co_await stream_of(effect, nats);
      if (!stream) co_return std::unexpected(stream.error());
      source.how = stored_effects(effect, *stream, settings.shared);
      if (effect.carries) options.load.carried = effect.carries;
    }
    options.effects.push_back(std::move(source));
  }
  co_return options;
}

}  // namespace squall::run
