#include "run/input_facts.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "experiment/notation.h"
#include "experiment/variables.h"
#include "wire/subject.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;
using Kind = workload::IdentityPlace::Kind;
using nlohmann::json;

constexpr std::string_view kIdentity = "${id}";

// The pointer of the first value of the template that is the identity and nothing else.
std::optional<std::string> pointer_in(const std::string& text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_structured()) return std::nullopt;
  for (const auto& [pointer, value] : document.flatten().items()) {
    if (value.is_string() && value.get_ref<const std::string&>() == kIdentity) return pointer;
  }
  return std::nullopt;
}

// The first of the subjects that the stream does not store; nothing: it stores all.
std::optional<std::string> first_elsewhere(const client::StreamStatus& stream,
                                           const std::vector<std::string>& subjects) {
  const auto stored = stream.config.value("subjects", std::vector<std::string>{});
  for (const std::string& subject : subjects) {
    const auto matches = [&](const std::string& pattern) { return wire::subject_matches(pattern, subject); };
    if (std::ranges::none_of(stored, matches)) return subject;
  }
  return std::nullopt;
}

ledger::Contract contract_of(const experiment::Experiment& experiment, const client::StreamStatus& stream,
                             const std::string& server_version) {
  ledger::Contract contract;
  contract.replicas = stream.config.value("num_replicas", std::uint32_t{1});
  contract.memory_storage = stream.config.value("storage", std::string("file")) == "memory";
  contract.persist_async = stream.config.value("persist_mode", std::string()) == "async";
  contract.server_version = server_version;
  contract.duplicate_window = base::Nanos(stream.config.value("duplicate_window", std::int64_t{0}));
  contract.at = base::now();
  if (const experiment::StartedNats* started = experiment.nats.started()) {
    contract.sync_always = started->sync_interval == "always";
    if (const auto every = experiment::read_duration(started->sync_interval)) contract.sync_interval = *every;
  }
  return contract;
}

// Those that the experiment names where it says when a process is ready; nothing: it names none.
std::vector<std::string> named_consumers(const experiment::Experiment& experiment,
                                         const std::string& stream) {
  std::vector<std::string> names;
  for (const experiment::Process& process : experiment.processes) {
    const experiment::StartedProcess* started = process.started();
    if (started == nullptr || !started->ready) continue;
    const auto* pulls = std::get_if<experiment::ConsumerPulls>(&*started->ready);
    if (pulls != nullptr && pulls->stream == stream) names.push_back(pulls->consumer);
  }
  std::ranges::sort(names);
  const auto repeats = std::ranges::unique(names);
  names.erase(repeats.begin(), repeats.end());
  return names;
}

awaitable<base::Result<std::vector<std::string>>> find_consumers(client::JetStream& jetstream,
                                                                 std::string stream,
                                                                 std::vector<std::string> subjects,
                                                                 base::Instant deadline) {
  const auto names = co_await jetstream.consumer_names(stream, deadline);
  if (!names) {
    co_return base::fail("cannot ask for the consumers of {}: {}", stream, names.error().message());
  }
  std::vector<std::string> working;
  for (const std::string& name : *names) {
    const auto consumer = co_await jetstream.consumer(stream, name, deadline);
    const auto gets = [&](const std::string& subject) { return works_on(consumer->config, subject); };
    if (consumer && std::ranges::any_of(subjects, gets)) working.push_back(name);
  }
  co_return working;
}

}  // namespace

std::optional<workload::IdentityPlace> place_of_identity(const experiment::WorkloadSpec& workload) {
  if (workload.message_id) return workload::IdentityPlace{Kind::kHeader, "Nats-Msg-Id"};
  for (const auto& [name, value] : workload.headers) {
    if (value == kIdentity) return workload::IdentityPlace{Kind::kHeader, name};
  }
  for (const auto& [pointer, value] : workload.payload.set) {
    if (value == kIdentity) return workload::IdentityPlace{Kind::kJson, pointer};
  }
  const auto ends_with_it = [](const std::string& subject) {
    return subject.ends_with("." + std::string(kIdentity));
  };
  if (!workload.subjects.empty() && std::ranges::all_of(workload.subjects, ends_with_it)) {
    return workload::IdentityPlace{Kind::kSubjectToken, ""};
  }
  if (auto pointer = pointer_in(workload.payload.text)) {
    return workload::IdentityPlace{Kind::kJson, std::move(*pointer)};
  }
  if (!workload.payload.sizes.empty()) return workload::IdentityPlace{Kind::kJson, "/id"};
  return std::nullopt;
}

std::optional<std::string> only_consumer(const InputFacts& facts) {
  if (facts.stream.consumers.size() != 1) return std::nullopt;
  return facts.stream.consumers.front();
}

bool works_on(const json& config, std::string_view subject) {
  if (!config.contains("durable_name")) return false;
  std::vector<std::string> filters = config.value("filter_subjects", std::vector<std::string>{});
  const std::string filter = config.value("filter_subject", std::string());
  if (!filter.empty()) filters.push_back(filter);
  return filters.empty() || std::ranges::any_of(filters, [subject](const std::string& pattern) {
           return wire::subject_matches(pattern, subject);
         });
}

awaitable<base::Result<std::optional<InputFacts>>> find_input_facts(const experiment::Experiment& experiment,
                                                                    ControlLink& nats,
                                                                    base::Instant deadline) {
  const experiment::WorkloadSpec& workload = experiment.workload;
  auto place = place_of_identity(workload);
  if (workload.transport != experiment::Transport::kJetStream || !place) {
    co_return std::optional<InputFacts>();
  }
  auto jetstream = co_await nats.jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  std::vector<std::string> subjects;
  std::ranges::transform(workload.subjects, std::back_inserter(subjects), experiment::example_of);
  auto name = co_await stream_with(*jetstream, subjects.front(), deadline);
  if (!name) co_return std::unexpected(name.error());
  const auto stream = co_await jetstream->stream(*name, deadline);
  if (!stream) co_return base::fail("cannot look at stream {}: {}", *name, stream.error().message());
  if (const auto elsewhere = first_elsewhere(*stream, subjects)) {
    co_return base::fail("{} is stored in {}, and {} is not: publish to subjects of one stream",
                         subjects.front(), *name, *elsewhere);
  }
  InputFacts facts;
  facts.contract = contract_of(experiment, *stream, jetstream->connection()->server().version);
  facts.stream.stream = *name;
  facts.stream.match = std::move(*place);
  facts.stream.consumers = named_consumers(experiment, *name);
  if (facts.stream.consumers.empty()) {
    auto found = co_await find_consumers(*jetstream, *name, subjects, deadline);
    if (!found) co_return std::unexpected(found.error());
    facts.stream.consumers = std::move(*found);
  }
  co_return std::optional<InputFacts>(std::move(facts));
}

}  // namespace squall::run
