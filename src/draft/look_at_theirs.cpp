#include <algorithm>
#include <cmath>
#include <utility>

#include "draft/initiate.h"
#include "draft/rehearsal.h"
#include "draft/survey.h"
#include "experiment/notation.h"
#include "experiment/targets.h"
#include "run/nats_access.h"

namespace squall::draft {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;

constexpr base::Nanos kPatience = seconds(10);

struct Met {
  bool encrypted = false;
  Survey survey;
  std::string server;
};

awaitable<base::Result<Met>> meet(run::ControlLink* nats, Subjects subjects, const Say* say) {
  const base::Instant deadline = base::now() + kPatience;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  const client::Connection& connection = *jetstream->connection();
  Met met;
  met.server = "nats-server " + connection.server().version;
  met.encrypted = connection.encrypted();
  (*say)("server", fmt::format("{} at {}:{} ({}{}), read only", met.server, connection.options().host,
                               connection.options().port, connection.options().credentials.describe(),
                               connection.encrypted() ? ", TLS" : ""));
  auto found = co_await survey(*jetstream, std::move(subjects), deadline);
  if (!found) co_return std::unexpected(found.error());
  met.survey = std::move(*found);
  co_return met;
}

void note_consumers(Found& found, const Survey& survey, const Wish& wish, const Say& say) {
  std::string consumers;
  std::vector<client::ConsumerStatus> durable;
  for (const client::ConsumerStatus& consumer : survey.consumers) {
    consumers += fmt::format("; consumer {}: {}", consumer.name, describe(consumer));
    if (consumer.config.contains("durable_name")) durable.push_back(consumer);
  }
  say("in", fmt::format("{} -> stream {} ({}){}", wish.input, survey.in.name, describe(survey.in),
                        consumers.empty() ? "; no consumer takes it" : consumers));
  found.draft.stream = survey.in.name;
  for (const client::ConsumerStatus& consumer : durable) {
    found.draft.candidates.push_back(consumer.stream + "/" + consumer.name);
  }
  if (durable.size() == 1) found.draft.consumer = durable.front().name;
}

void note_output(Found& found, const Survey& survey, const Wish& wish, const Say& say) {
  const base::Nanos window{survey.out.config.value("duplicate_window", std::int64_t{0})};
  say("out", fmt::format("{} -> stream {} ({}), duplicate window {}", wish.output, survey.out.name,
                         describe(survey.out), experiment::write_duration(window)));
  found.known.outputs.push_back({.name = survey.out.name,
                                 .replicas = survey.out.config.value("num_replicas", 1),
                                 .is_file = survey.out.config.value("storage", std::string("file")) == "file",
                                 .duplicate_window = window});
  found.known.inputs.push_back({.name = survey.in.name,
                                .replicas = survey.in.config.value("num_replicas", 1),
                                .is_file = survey.in.config.value("storage", std::string("file")) == "file",
                                .duplicate_window = {}});
}

void note_sample(Found& found, const Survey& survey, const Wish& wish, const Say& say) {
  if (!wish.sample.empty()) {
    found.draft.sample = wish.sample;
    return say("sample", "yours");
  }
  if (!wish.read_samples) return say("sample", "no stored message was read (--no-sample)");
  // The shortest of the latest: the file is to be read by people.
  std::optional<CleanSample> shortest;
  for (const std::string& payload : survey.inputs) {
    auto cleaned = clean_sample(payload);
    if (cleaned && (!shortest || cleaned->text.size() < shortest->text.size())) shortest = std::move(cleaned);
  }
  if (!shortest) {
    return say("sample", survey.inputs.empty()
                             ? "no message of the input is stored: give one with --sample FILE"
                             : "the stored messages are no JSON objects: give one with --sample");
  }
  found.draft.sample = shortest->text;
  say("sample",
      fmt::format("1 stored message read (--no-sample to skip){}",
                  shortest->replaced.empty()
                      ? ""
                      : fmt::format(", {} field{} personal and {} replaced: {}", shortest->replaced.size(),
                                    shortest->replaced.size() == 1 ? " looks" : "s look",
                                    shortest->replaced.size() == 1 ? "was" : "were",
                                    fmt::join(shortest->replaced, " "))));
}

void note_match(Found& found, const std::vector<Match>& likely, const Wish& wish, const Say& say) {
  if (likely.empty() || found.draft.sample.empty()) {
    return say("match", fmt::format("no field of the input was found again in the output: {}",
                                    wish.try_it ? "to be tried" : "see the TODO, or let --try find it"));
  }
  const Match& best = likely.front();
  found.draft.match = best;
  say("match", fmt::format("{} has the value of an input's {} in {} of {} recent effects", best.effect,
                           best.input, best.effects_with_it, best.effects));
}

// Starts the command on their server, and sends it one message.
base::Result<void> try_it(run::Session& session, run::ControlLink& nats, const Survey& survey,
                          const Wish& wish, std::vector<Match> likely, Found& found, const Say& say) {
  const Service service{
      .name = found.draft.process, .command = wish.command, .nats_url = run::urls_of(nats.access())};
  auto running = RunningService::start(session, nats, service, survey.in.name);
  if (!running) return std::unexpected(running.error());
  const Working working = running->wait_until_working();
  if (working.ended) return base::fail("{} ended: {}", wish.command.front(), *working.ended);
  if (working.consumer.empty()) {
    say("command", fmt::format("started, but nobody new works on {} after {}; stopped again", survey.in.name,
                               experiment::write_duration(service.patience)));
    return {};
  }
  found.draft.consumer = working.consumer;
  say("command", fmt::format("started, works on {}/{} after {}, {} process{}; stopped again", survey.in.name,
                             working.consumer, base::format_duration(working.after), working.processes,
                             working.processes == 1 ? "" : "es"));
  if (found.draft.sample.empty()) return {};
  const Work work{
      .input = wish.input, .output = wish.output, .in_stream = survey.in.name, .out_stream = survey.out.name};
  auto matched = match_by_sending(session, nats, work, found.draft.sample, std::move(likely));
  if (!matched) return std::unexpected(matched.error());
  if (matched->match) {
    found.draft.match = matched->match;
    found.draft.per_input = matched->effects;
    say("try",
        fmt::format("{} message{} published, {} effect{} after {}, matched by {}", matched->messages,
                    matched->messages == 1 ? "" : "s", matched->effects, matched->effects == 1 ? "" : "s",
                    base::format_duration(matched->sent->after), matched->match->effect));
    const double can = 1e9 / static_cast<double>(std::max<std::int64_t>(matched->sent->after.count(), 1));
    if (can < 100) found.draft.rate = std::max(1.0, std::floor(can / 2));
  } else {
    found.draft.match.reset();
    say("try", fmt::format("{} messages published, {}: see the TODO", matched->messages,
                           matched->sent ? "effects came, but none with the identity of its input"
                                         : "no effect came within 5 s"));
  }
  return {};
}

}  // namespace

base::Result<Found> look_at_theirs(run::Session& session, const Wish& wish, const Say& say) {
  Found found;
  found.draft.nats.how = *wish.nats;
  // To look is not to strike: that needs their names in the file.
  experiment::Allow allow;
  for (const std::string& url : wish.nats->urls) allow.hosts.push_back(experiment::host_of(url));
  auto access = run::access_to(*wish.nats, allow);
  if (!access) return std::unexpected(access.error());
  for (const client::Endpoint& server : access->servers) {
    if (!experiment::is_loopback(server.host)) found.draft.hosts_to_confirm.push_back(server.host);
  }
  run::ControlLink nats(session.io(), std::move(*access));
  const Subjects subjects{.input = wish.input, .output = wish.output, .messages = wish.read_samples ? 40 : 0};
  auto met = session.wait(meet(&nats, subjects, &say));
  if (!met) return std::unexpected(met.error());
  const Survey& survey = met->survey;
  found.draft.server = met->server;
  found.draft.through_link = !met->encrypted;
  found.draft.process = wish.name.empty() ? process_name_for(wish.input) : wish.name;
  found.draft.command = wish.command;
  found.draft.input = wish.input;
  found.draft.output = wish.output;
  note_consumers(found, survey, wish, say);
  note_output(found, survey, wish, say);
  note_sample(found, survey, wish, say);
  const std::vector<Match> likely = find_matches(survey.inputs, survey.effects);
  note_match(found, likely, wish, say);
  if (wish.try_it) {
    if (auto tried = try_it(session, nats, survey, wish, likely, found, say); !tried) {
      return std::unexpected(tried.error());
    }
  } else {
    say("command",
        "not started, since it would work on what is stored there: --try starts it, which may work on that, "
        "and sends a message or a few");
  }
  for (const client::ConsumerStatus& consumer : survey.consumers) {
    if (consumer.name != found.draft.consumer) continue;
    found.draft.ack_wait = first_wait(consumer);
    found.known.consumers.push_back({.name = consumer.stream + "/" + consumer.name,
                                     .ack_wait = first_wait(consumer),
                                     .max_deliver = consumer.config.value("max_deliver", -1),
                                     .backoff = {},
                                     .has_dead_letters = {}});
  }
  return found;
}

}  // namespace squall::draft
