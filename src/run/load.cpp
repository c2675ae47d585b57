#include "run/load.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "experiment/variables.h"
#include "wire/headers.h"
#include "wire/subject.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;

std::string filled(const std::string& text, const std::string& id, ledger::OpId number) {
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "id") return id;
    if (name == "number") return std::to_string(number);
    return std::nullopt;
  };
  return experiment::fill_in(text, lookup).value_or(text);
}

base::Result<std::vector<std::string>> samples_of(const experiment::Payload& payload) {
  if (payload.file.empty()) return std::vector{payload.text.empty() ? std::string("{}") : payload.text};
  std::ifstream file(payload.file);
  if (!file) return base::fail("cannot read {}", payload.file.string());
  std::vector<std::string> samples;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty()) samples.push_back(line);
  }
  if (samples.empty()) return base::fail("{} has no sample", payload.file.string());
  return samples;
}

workload::Input make_input(const experiment::WorkloadSpec& spec, const std::vector<std::string>& samples,
                           const std::string& key_prefix, ledger::OpId id) {
  workload::Input input{.subject = {}, .key = key_prefix + std::to_string(id), .payload = {}, .headers = {}};
  input.subject = filled(spec.subject, input.key, id);
  input.payload = filled(samples[id % samples.size()], input.key, id);
  if (!spec.payload.set.empty()) {
    auto json = nlohmann::json::parse(input.payload);
    for (const auto& [pointer, value] : spec.payload.set) {
      json[nlohmann::json::json_pointer(pointer)] = filled(value, input.key, id);
    }
    input.payload = json.dump();
  }
  for (const auto& [name, value] : spec.headers)
    input.headers.emplace_back(name, filled(value, input.key, id));
  if (spec.message_id) input.headers.emplace_back("Nats-Msg-Id", input.key);
  return input;
}

std::optional<std::string> identity_in(const experiment::IdentityPlace& place,
                                       const client::StoredMessage& message) {
  using Kind = experiment::IdentityPlace::Kind;
  if (place.kind == Kind::kHeader) {
    const std::string_view value = message.header(place.name);
    return value.empty() ? std::nullopt : std::optional(std::string(value));
  }
  if (place.kind == Kind::kSubjectToken) {
    return message.subject.substr(message.subject.rfind('.') + 1);
  }
  const auto json = nlohmann::json::parse(message.payload, nullptr, false);
  const nlohmann::json::json_pointer pointer(place.name);
  if (!json.is_structured() || !json.contains(pointer) || !json[pointer].is_string()) return std::nullopt;
  return json[pointer].get<std::string>();
}

}  // namespace

awaitable<base::Result<workload::WorkloadOptions>> workload_options(const experiment::WorkloadSpec& spec,
                                                                    LoadSettings settings,
                                                                    ControlLink& nats) {
  auto samples = samples_of(spec.payload);
  if (!samples) co_return std::unexpected(samples.error());
  workload::WorkloadOptions options;
  options.nats = nats.access();
  options.load.pacing = {.per_second = spec.per_second, .burst = spec.burst};
  options.load.make_input = [spec, samples = *samples, prefix = settings.key_prefix](ledger::OpId id,
                                                                                     workload::Input& input) {
    input = make_input(spec, samples, prefix, id);
  };
  options.load.timeout = spec.timeout;
  options.key_prefix = settings.key_prefix;
  options.ledger_sink = std::move(settings.ledger_sink);
  for (const experiment::EffectSpec& effect : spec.effects) {
    std::string stream = effect.stream;
    if (stream.empty()) {
      const base::Instant deadline = base::now() + std::chrono::seconds(5);
      auto jetstream = co_await nats.jetstream(deadline);
      if (!jetstream) co_return std::unexpected(jetstream.error());
      auto found = co_await stream_with(*jetstream, effect.subject, deadline);
      if (!found) co_return std::unexpected(found.error());
      stream = std::move(*found);
    }
    const std::string below = effect.subject + ".>";
    workload::StoredEffects stored{.stream = std::move(stream)};
    stored.key_of = [effect, below](const client::StoredMessage& message) -> std::optional<std::string> {
      const bool ours = wire::subject_matches(effect.subject, message.subject) ||
                        wire::subject_matches(below, message.subject);
      return ours ? identity_in(effect.match, message) : std::nullopt;
    };
    options.effects.push_back({.stage = effect.name, .how = std::move(stored)});
  }
  co_return options;
}

}  // namespace squall::run
