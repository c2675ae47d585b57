#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "draft/initiate.h"
#include "draft/likely_cause.h"
#include "draft/rehearsal.h"
#include "draft/survey.h"
#include "experiment/notation.h"
#include "process/log_tail.h"
#include "run/nats_access.h"
#include "wire/subject.h"

namespace squall::draft {
namespace {

using boost::asio::awaitable;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kPatience = seconds(10);
constexpr int kMostAttempts = 4;
constexpr int kBurst = 200;
constexpr base::Nanos kAckWait = seconds(5);
// Our own requests answer here, so that they are told from the service's.
constexpr const char* kOurInbox = "_SQUALL_INBOX";

// The streams and consumers that the service needs and does not make itself.
struct Layout {
  std::string in_stream;
  std::string out_stream;
  bool make_in = true;
  bool make_out = true;
  std::vector<std::string> consumers;  // durable, on the input's stream

  bool operator==(const Layout&) const = default;
};

bool stores(const std::vector<std::string>& patterns, const std::string& subject) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& each) { return wire::subject_matches(each, subject); });
}

// What the requests of one start say about it.
Layout layout_for(const Requests& requests, const Wish& wish, const Layout& before) {
  Layout layout = before;
  layout.consumers.clear();
  for (const auto& [stream, subjects] : requests.streams_made) {
    if (stores(subjects, wish.input)) {
      layout.in_stream = stream;
      layout.make_in = false;
    }
    if (stores(subjects, wish.output) || stores(subjects, wish.output + ".x")) {
      layout.out_stream = stream;
      layout.make_out = false;
    }
  }
  if (layout.make_in) {
    for (const ConsumerName& name : requests.consumers) layout.in_stream = name.first;
    for (const ConsumerName& name : requests.consumers_made) layout.in_stream = name.first;
  }
  if (layout.make_out) {
    for (const std::string& stream : requests.streams) {
      if (stream != layout.in_stream) layout.out_stream = stream;
    }
  }
  for (const ConsumerName& name : requests.consumers) {
    if (name.first == layout.in_stream && !requests.consumers_made.contains(name)) {
      layout.consumers.push_back(name.second);
    }
  }
  return layout;
}

experiment::Nats as_section(const Layout& layout, const Wish& wish) {
  experiment::Nats nats;
  nats.how = experiment::StartedNats{};
  if (layout.make_in) nats.streams.push_back({.name = layout.in_stream, .subjects = {wish.input}});
  if (layout.make_out) {
    nats.streams.push_back({.name = layout.out_stream, .subjects = {wish.output, wish.output + ".>"}});
  }
  for (const std::string& name : layout.consumers) {
    nats.consumers.push_back({.stream = layout.in_stream, .name = name, .filter = {}, .ack_wait = kAckWait});
  }
  return nats;
}

// Makes the layout on a server that has nothing else.
awaitable<base::Result<void>> make(run::ControlLink* nats, Layout layout, const Wish* wish) {
  const base::Instant deadline = base::now() + kPatience;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  const auto there = co_await jetstream->stream_names(deadline);
  if (!there) co_return std::unexpected(there.error().as_error());
  for (const std::string& name : *there) (void)co_await jetstream->delete_stream(name, deadline);
  const experiment::Nats section = as_section(layout, *wish);
  for (const experiment::StreamSpec& stream : section.streams) {
    json config{{"name", stream.name}, {"subjects", stream.subjects}};
    const auto made = co_await jetstream->create_stream(std::move(config), deadline);
    if (!made) co_return base::fail("cannot make stream {}: {}", stream.name, made.error().message());
  }
  for (const experiment::ConsumerSpec& consumer : section.consumers) {
    json config{
        {"durable_name", consumer.name}, {"ack_policy", "explicit"}, {"ack_wait", consumer.ack_wait.count()}};
    const auto made = co_await jetstream->create_consumer(consumer.stream, std::move(config), deadline);
    if (!made) co_return base::fail("cannot make consumer {}: {}", consumer.name, made.error().message());
  }
  co_return base::Result<void>{};
}

awaitable<base::Result<std::shared_ptr<client::Connection>>> connected(run::ControlLink* nats) {
  auto jetstream = co_await nats->jetstream(base::now() + kPatience);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  co_return jetstream->connection();
}

awaitable<base::Result<client::ConsumerStatus>> consumer_now(run::ControlLink* nats, std::string stream,
                                                             std::string name) {
  auto jetstream = co_await nats->jetstream(base::now() + kPatience);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  auto consumer = co_await jetstream->consumer(stream, name, base::now() + kPatience);
  if (!consumer) co_return std::unexpected(consumer.error().as_error());
  co_return std::move(*consumer);
}

// Listens to what the service asks JetStream for, and publishes. Lifetime: the requests outlive it.
class Listener {
 public:
  static base::Result<Listener> start(run::Session& session, run::ControlLink& nats, Requests& requests) {
    auto connection = session.wait(connected(&nats));
    if (!connection) return std::unexpected(connection.error());
    Listener listener;
    listener.connection_ = std::move(*connection);
    auto subscription = listener.connection_->subscribe(">", [&](const client::MessageView& message) {
      if (!message.reply.starts_with(kOurInbox)) requests.note(message.subject, message.payload);
    });
    if (!subscription) return std::unexpected(subscription.error().as_error());
    listener.subscription_ = std::move(*subscription);
    return listener;
  }

 private:
  std::shared_ptr<client::Connection> connection_;
  client::Subscription subscription_;
};

// How many ever connected to it; nothing when it does not answer.
std::optional<std::uint64_t> connections_ever(run::Session& session, cluster::Deployment& deployment) {
  const auto answer = session.wait(deployment.server().monitor("/varz", base::now() + kPatience));
  if (!answer) return std::nullopt;
  const json varz = json::parse(*answer, nullptr, false);
  return varz.is_object() ? std::optional(varz.value("total_connections", std::uint64_t{0})) : std::nullopt;
}

double rounded(double rate) {
  if (rate >= 200) return 200;
  return rate >= 20 ? std::floor(rate / 10) * 10 : std::max(1.0, std::floor(rate));
}

Heard with_log_of(Heard heard, const RunningService& running) {
  heard.last_lines = process::last_lines(running.child().log_path(), 3);
  return heard;
}

// The running service gets messages: which place has the identity, and how many a second it does.
void send_messages(run::Session& session, run::ControlLink& nats, const Work& work, const Heard& heard,
                   const RunningService& running, Found& found, const Say& say) {
  auto matched = match_by_sending(session, nats, work, found.draft.sample, {});
  if (!matched) return say("try", matched.error().message());
  if (!matched->match) {
    if (const auto ended = running.ended()) return say("try", "it ended by itself: " + *ended);
    return say("try", matched->sent
                          ? "effects came, but none with an identity of its input: see the TODO"
                          : fmt::format("no effect in {} within 5 s, see the TODO: {}", work.output,
                                        why_no_effect(with_log_of(heard, running), work.input, work.output)));
  }
  found.draft.match = matched->match;
  say("match", fmt::format("{} of the input comes out as {} (tried with a fresh one)", matched->match->input,
                           matched->match->effect));
  const auto pace =
      measure_rate(session, nats, work, found.draft.sample, *matched->match, kBurst, matched->effects);
  if (pace) found.draft.rate = rounded(pace->rate / 2);
  found.draft.per_input = matched->effects;
  say("try", fmt::format("1 message published, {} after {}{}",
                         fmt::format("{} effect{}", matched->effects, matched->effects == 1 ? "" : "s"),
                         base::format_duration(matched->sent->after),
                         pace ? fmt::format("; {} more: {:.0f}/s, so the file asks for {}/s", kBurst,
                                            pace->rate, found.draft.rate)
                              : std::string("; of more it did too few to tell its rate")));
  if (pace && std::cmp_less(pace->done, kBurst)) {
    say("warn",
        fmt::format(
            "of {} messages {} had an effect within 5 s: is it that slow, or does it drop some by its "
            "design (workload.without_effect)?",
            kBurst, pace->done));
  }
}

}  // namespace

base::Result<Found> rehearse_on_our_own(run::Session& session, const Wish& wish, const Say& say) {
  cluster::DeploymentOptions options{.servers = 1,
                                     .run_folder = session.folder().path(),
                                     .store_folder = session.work_folder() / "nats",
                                     .run_id = session.run_id()};
  auto deployment = cluster::Deployment::prepare(session.io(), options);
  if (!deployment) return std::unexpected(deployment.error());
  if (auto up = session.wait((*deployment)->start(base::now() + seconds(20))); !up) {
    return std::unexpected(up.error());
  }
  client::Access access = run::access_to(**deployment);
  access.options.inbox_prefix = kOurInbox;
  run::ControlLink nats(session.io(), access);
  Found found;
  found.draft.server = "nats-server " + (*deployment)->binary().version.text();
  say("server",
      fmt::format("{} of Squall's own (--nats URL or --context C: look at yours)", found.draft.server));
  found.draft.process = wish.name.empty() ? process_name_for(wish.input) : wish.name;
  found.draft.command = wish.command;
  found.draft.input = wish.input;
  found.draft.output = wish.output;
  found.draft.sample = wish.sample;
  found.known.sync_interval = "";

  Layout layout{.in_stream = stream_name_for(wish.input), .out_stream = stream_name_for(wish.output)};
  const Service service{
      .name = found.draft.process, .command = wish.command, .nats_url = (*deployment)->urls()};
  for (int attempt = 1; attempt <= kMostAttempts; ++attempt) {
    if (auto made = session.wait(make(&nats, layout, &wish)); !made) return std::unexpected(made.error());
    Heard heard{.nats_url = service.nats_url};
    const auto listener = Listener::start(session, nats, heard.requests);
    if (!listener) return std::unexpected(listener.error());
    Service impatient = service;
    // What it asks for is asked at the start.
    if (attempt == 1) impatient.patience = seconds(2);
    const auto connected_before = connections_ever(session, **deployment);
    auto running = RunningService::start(session, nats, impatient, layout.in_stream);
    if (!running) return std::unexpected(running.error());
    const Working working = running->wait_until_working();
    session.wait_for(milliseconds(20));  // requests that are under way
    Layout next = layout_for(heard.requests, wish, layout);
    const bool again = next != layout && working.consumer.empty() && attempt < kMostAttempts;
    if (again) {
      layout = std::move(next);
      continue;
    }
    if (working.ended) return base::fail("{} ended: {}", wish.command.front(), *working.ended);
    layout.consumers = next.consumers;
    const Work work{.input = wish.input,
                    .output = wish.output,
                    .in_stream = layout.in_stream,
                    .out_stream = next.out_stream};
    found.draft.nats = as_section(layout, wish);
    found.draft.stream = layout.in_stream;
    found.draft.consumer = working.consumer;
    say("in", fmt::format("{} -> stream {}{}", wish.input, layout.in_stream,
                          layout.make_in ? ", made by Squall" : ", made by the service"));
    say("out", fmt::format("{} -> stream {}{}", wish.output, work.out_stream,
                           layout.make_out ? ", made by Squall" : ", made by the service"));
    if (working.consumer.empty()) {
      heard.connected = connections_ever(session, **deployment) != connected_before;
      say("command", fmt::format("started, but nobody works on {} after {}, see the TODO: {}",
                                 layout.in_stream, experiment::write_duration(impatient.patience),
                                 why_nobody_works(with_log_of(heard, *running))));
      return found;
    }
    say("command", fmt::format("started, works on {}/{} after {}, {} process{}; stopped again",
                               layout.in_stream, working.consumer, base::format_duration(working.after),
                               working.processes, working.processes == 1 ? "" : "es"));
    const auto consumer = session.wait(consumer_now(&nats, layout.in_stream, working.consumer));
    if (consumer) {
      found.draft.ack_wait = first_wait(*consumer);
      // One without a lasting name cannot be asked about in the next run.
      found.draft.ready_by_consumer = consumer->config.contains("durable_name");
    }
    if (found.draft.sample.empty()) {
      say("sample", "none: give one of your messages with --sample FILE");
      return found;
    }
    send_messages(session, nats, work, heard, *running, found, say);
    return found;
  }
  return base::fail("what {} asks JetStream for changes with every start", wish.command.front());
}

}  // namespace squall::draft
