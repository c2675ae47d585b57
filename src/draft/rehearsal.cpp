#include "draft/rehearsal.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "draft/survey.h"
#include "ledger/record.h"
#include "process/log_tail.h"
#include "wire/subject.h"
#include "workload/json_pointer.h"

namespace squall::draft {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kLookAgain = milliseconds(5);
constexpr base::Nanos kAnswer = seconds(2);
constexpr std::size_t kMostTried = 4;
// Further effects of a message come within so long of each other, or within a few times what the first took.
constexpr base::Nanos kBetweenEffects = milliseconds(500);
constexpr int kTimesTheFirst = 3;
constexpr base::Nanos kMostBetweenEffects = seconds(5);
// What a message's own effect may come behind the late ones of another.
constexpr base::Nanos kLateEffects = milliseconds(1500);

std::string fresh_identity(int number) {
  static const std::uint64_t kThisProcess = std::random_device{}();
  return fmt::format("squall-{:08x}-{}", kThisProcess, number);
}

using Serving = std::vector<std::pair<std::string, std::uint64_t>>;  // by consumer: how many serve

awaitable<base::Result<Serving>> serving(run::ControlLink* nats, std::string stream) {
  const base::Instant deadline = base::now() + kAnswer;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  Serving now;
  const auto names = co_await jetstream->consumer_names(stream, deadline);
  if (!names) co_return now;  // the stream is not there
  for (const std::string& name : *names) {
    const auto consumer = co_await jetstream->consumer(stream, name, deadline);
    if (consumer) now.emplace_back(name, consumer->num_waiting + (consumer->push_bound ? 1U : 0U));
  }
  co_return now;
}

std::uint64_t count_of(const Serving& serving, const std::string& consumer) {
  const auto found = std::ranges::find(serving, consumer, &Serving::value_type::first);
  return found == serving.end() ? 0 : found->second;
}

awaitable<base::Result<std::uint64_t>> last_seq(run::ControlLink* nats, std::string stream) {
  const base::Instant deadline = base::now() + kAnswer;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  const auto status = co_await jetstream->stream(stream, deadline);
  if (!status) co_return base::fail("stream {}: {}", stream, status.error().message());
  co_return status->last_seq;
}

awaitable<base::Result<void>> publish(run::ControlLink* nats, std::string subject, std::string payload) {
  const base::Instant deadline = base::now() + kAnswer;
  auto jetstream = co_await nats->jetstream(deadline);
  if (!jetstream) co_return std::unexpected(jetstream.error());
  std::vector<std::pair<std::string, std::string>> headers;
  const auto outcome = co_await jetstream->connection()->publish_js(subject, payload, headers, deadline);
  if (std::holds_alternative<client::Acknowledged>(outcome)) co_return base::Result<void>{};
  const auto* failed = std::get_if<client::Failed>(&outcome);
  co_return base::fail(
      "a message to {} was not stored: {}", subject,
      failed != nullptr ? failed->error.message() : std::get<client::Unknown>(outcome).error.message());
}

// The first message of the subject behind `seq`.
awaitable<std::optional<client::StoredMessage>> next_effect(run::ControlLink* nats, Work work,
                                                            std::uint64_t seq, base::Instant until) {
  const std::string below = work.output + ".>";
  while (base::now() < until) {
    auto jetstream = co_await nats->jetstream(base::now() + kAnswer);
    if (!jetstream) co_return std::nullopt;
    auto message = co_await jetstream->next_message(work.out_stream, seq + 1, ">", base::now() + kAnswer);
    if (message) {
      seq = message->stream_seq;
      if (message->subject == work.output || wire::subject_matches(below, message->subject)) {
        co_return std::move(*message);
      }
      continue;
    }
    co_await run::sleep_until(base::now() + kLookAgain);
  }
  co_return std::nullopt;
}

// How many effects have that identity, the first one included.
int count_effects(run::Session& session, run::ControlLink& nats, const Work& work, const Sent& first,
                  const std::string& place, const std::string& identity) {
  const base::Nanos patience =
      std::clamp<base::Nanos>(first.after * kTimesTheFirst, kBetweenEffects, kMostBetweenEffects);
  int effects = 1;
  std::uint64_t seq = first.seq;
  while (effects < int{ledger::kMaxFanOut}) {
    const auto next = session.wait(next_effect(&nats, work, seq, base::now() + patience));
    if (!next) break;
    seq = next->stream_seq;
    if (workload::json_text_at(next->payload, place) == identity) ++effects;
  }
  return effects;
}

}  // namespace

base::Result<RunningService> RunningService::start(run::Session& session, run::ControlLink& nats,
                                                   const Service& service, const std::string& stream) {
  RunningService running;
  running.session_ = &session;
  running.nats_ = &nats;
  running.stream_ = stream;
  running.patience_ = service.patience;
  if (auto before = session.wait(serving(&nats, stream)); before) running.before_ = std::move(*before);
  process::ChildOptions options{.name = service.name,
                                .command = service.command,
                                .environment = {{"NATS_URL", service.nats_url}},
                                .working_directory = {},
                                .log_path = session.folder().logs() / (service.name + ".log"),
                                .run_id = session.run_id()};
  auto child = process::Child::start(session.io(), std::move(options));
  if (!child) return std::unexpected(child.error());
  running.child_ = std::move(*child);
  return running;
}

std::optional<std::string> RunningService::ended() const {
  const auto status = child_->exit_status();
  if (!status) return std::nullopt;
  const std::string lines = process::last_lines(child_->log_path(), 10);
  if (lines.empty()) return status->describe() + ", without a word";
  return fmt::format("{}; its last lines:\n{}", status->describe(), lines);
}

Working RunningService::wait_until_working() {
  Working working;
  const base::Instant deadline = child_->started_at() + patience_;
  while (base::now() < deadline) {
    const auto now = session_->wait(serving(nats_, stream_));
    for (const auto& [consumer, count] : now ? *now : Serving{}) {
      if (count <= count_of(before_, consumer)) continue;
      working.consumer = consumer;
      working.after = base::now() - child_->started_at();
      working.processes = child_->tree().members().size();
      return working;
    }
    working.ended = ended();
    if (working.ended) return working;
    session_->wait_for(kLookAgain);
  }
  return working;
}

base::Result<std::optional<Sent>> send_one(run::Session& session, run::ControlLink& nats, const Work& work,
                                           const std::string& payload, base::Nanos patience,
                                           const std::function<bool(const std::string&)>& wanted) {
  const auto seq = session.wait(last_seq(&nats, work.out_stream));
  if (!seq) return std::unexpected(seq.error());
  const base::Instant at = base::now();
  if (auto published = session.wait(publish(&nats, work.input, payload)); !published) {
    return std::unexpected(published.error());
  }
  std::optional<Sent> sent;
  base::Instant until = at + patience;
  for (std::uint64_t from = *seq; auto effect = session.wait(next_effect(&nats, work, from, until));) {
    from = effect->stream_seq;
    sent = Sent{.effect = std::move(effect->payload), .seq = from, .after = base::now() - at};
    if (wanted(sent->effect)) break;
    until = std::min(until, base::now() + kLateEffects);
  }
  return sent;
}

base::Result<Matched> match_by_sending(run::Session& session, run::ControlLink& nats, const Work& work,
                                       const std::string& sample, std::vector<Match> likely) {
  Matched matched;
  if (likely.empty()) {
    auto first = send_one(session, nats, work, sample, seconds(5), [](const std::string&) { return true; });
    if (!first) return std::unexpected(first.error());
    matched.messages = 1;
    if (!*first) return matched;
    matched.sent = **first;
    likely = find_matches({sample}, {matched.sent->effect});
  }
  for (std::size_t i = 0; i < std::min(likely.size(), kMostTried); ++i) {
    const std::string identity = fresh_identity(++matched.messages);
    auto payload = workload::put_json(sample, likely[i].input, "\"" + identity + "\"");
    if (!payload) continue;
    const auto has_identity = [&](const std::string& effect) {
      return workload::json_text_at(effect, likely[i].effect) == identity;
    };
    auto sent = send_one(session, nats, work, *payload, seconds(5), has_identity);
    if (!sent) return std::unexpected(sent.error());
    if (!*sent) continue;
    matched.sent = **sent;
    if (!has_identity(matched.sent->effect)) continue;
    matched.match = likely[i];
    matched.effects = count_effects(session, nats, work, *matched.sent, likely[i].effect, identity);
    return matched;
  }
  return matched;
}

std::optional<Pace> measure_rate(run::Session& session, run::ControlLink& nats, const Work& work,
                                 const std::string& sample, const Match& match, int messages,
                                 int effects_of_each) {
  const auto seq = session.wait(last_seq(&nats, work.out_stream));
  if (!seq) return std::nullopt;
  const base::Instant began = base::now();
  for (int i = 0; i < messages; ++i) {
    const auto payload = workload::put_json(sample, match.input, "\"" + fresh_identity(1000 + i) + "\"");
    if (!payload || !session.wait(publish(&nats, work.input, *payload))) return std::nullopt;
  }
  const base::Instant deadline = base::now() + seconds(5);
  std::uint64_t done = 0;
  base::Instant last_at = began;
  while (done < static_cast<std::uint64_t>(messages) && base::now() < deadline) {
    session.wait_for(kLookAgain);
    const auto now = session.wait(last_seq(&nats, work.out_stream));
    const std::uint64_t before = done;
    if (now) done = (*now - *seq) / static_cast<std::uint64_t>(effects_of_each);
    if (done > before) last_at = base::now();
  }
  if (done < 10) return std::nullopt;
  return Pace{.rate = static_cast<double>(done) / (static_cast<double>((last_at - began).count()) / 1e9),
              .done = done};
}

}  // namespace squall::draft
