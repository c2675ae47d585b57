#include "workload/publisher.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/invariant.h"
#include "ledger/crc32c.h"
#include "ledger/numbered_keys.h"
#include "workload/json_pointer.h"

namespace squall::workload {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

// A core publisher waits while so much is not yet taken by the kernel: what it sends has no outcome to wait
// for.
constexpr std::size_t kCoreBacklog = 256 * 1024;
constexpr std::uint64_t kIdMask = (std::uint64_t{1} << 48) - 1;
constexpr base::Nanos kForTheOthers = std::chrono::seconds(5);
constexpr std::uint32_t kRun = 64;  // under one reading of the clock: some 15 µs
constexpr std::string_view kNobodySays = "a core publish: nobody says what became of it";

}  // namespace

Publisher::Publisher(asio::io_context& io, PublisherOptions options, Dialer& dialer, Recorder& recorder)
    : io_(io),
      options_(std::move(options)),
      dialer_(dialer),
      recorder_(recorder),
      connections_(options_.connections),
      wake_(io) {
  SQUALL_CHECK(options_.connections > 0 && options_.make_input != nullptr && options_.retry.attempts > 0);
  SQUALL_CHECK(!options_.unpaced || options_.in_flight > 0);
}

awaitable<void> Publisher::keep_connected(std::uint32_t number) {
  while (true) {
    auto connection = co_await dialer_.dial("squall-load");
    if (!connection) {
      co_await sleep_until(base::now() + options_.reconnect_pause);
      continue;
    }
    const std::shared_ptr<client::Connection>& open = *connection;
    connections_[number] = open;
    pump_soon();
    while (!co_await open->wait_closed(base::now() + std::chrono::hours(1))) {
    }
  }
}

awaitable<void> Publisher::begin() {
  // What is due on a connection that was never there yet would fail. One that cannot be had must not keep the
  // others.
  std::optional<base::Instant> one_since;
  while (!all_open()) {
    if (connection() && base::now() >= one_since.value_or(base::now()) + kForTheOthers) break;
    if (connection() && !one_since) one_since = base::now();
    co_await sleep_until(base::now() + std::chrono::milliseconds(1));
  }
  started_ = base::now();
  begun_ = true;
  declare_sources();
  pump();
}

// One for each connection: what goes over one is sent in order.
void Publisher::declare_sources() {
  ledger::OperationKind kind = ledger::OperationKind::js_async;
  if (options_.transport == Transport::kCore) kind = ledger::OperationKind::core;
  if (options_.transport == Transport::kRequest) kind = ledger::OperationKind::request;
  if (options_.transport == Transport::kJetStream && options_.in_flight == 1) {
    kind = ledger::OperationKind::js_sync;
  }
  options_.make_input(0, input_);
  for (std::uint32_t number = 0; number < options_.connections; ++number) {
    const ledger::Source source{
        .index = number + 1, .producer = number, .kind = kind, .subject = input_.subject, .at = started_};
    recorder_.record(ledger::Circumstance(source));
  }
}

std::optional<base::Instant> Publisher::next_due() {
  const std::shared_ptr<client::Connection>& open = connection();
  if (options_.in_flight > 0 && (open_ >= options_.in_flight || !open)) return std::nullopt;
  if (options_.unpaced) return waits_for_kernel() ? std::nullopt : std::optional(base::Instant{});
  return started_ + due_offset(options_.pacing, next_);
}

// Pumps again when there is room.
bool Publisher::waits_for_kernel() {
  if (options_.transport != Transport::kCore) return false;
  for (const auto& connection : connections_) {
    if (!connection || !connection->is_open() || connection->pending_bytes() <= kCoreBacklog) continue;
    connection->on_written([this] { pump_soon(); });
    return true;
  }
  return false;
}

void Publisher::pump() {
  constexpr std::uint64_t kAtOnce = 1024;  // then outcomes have their turn
  for (const std::uint64_t stop_at = next_ + kAtOnce; next_ < stop_at;) {
    if (!loading_ || (options_.inputs && next_ >= *options_.inputs)) return;
    const auto due = next_due();
    if (!due) return;  // an outcome or a connection pumps again
    if (*due > base::Instant{} && *due > base::now()) return pump_at(*due);
    if (sends_runs()) {
      send_run();
      continue;
    }
    const std::uint64_t id = next_++;
    ++open_;
    send({.id = id & kIdMask, .attempt = 1}, options_.in_flight == 0 ? due : std::nullopt);
  }
  pump_soon();
}

void Publisher::pump_at(base::Instant due) {
  wake_.expires_at(due);
  wake_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) pump();
  });
}

void Publisher::pump_soon() {
  if (!begun_ || pump_posted_) return;
  pump_posted_ = true;
  asio::post(io_, [this] {
    pump_posted_ = false;
    pump();
  });
}

const std::shared_ptr<client::Connection>& Publisher::connection_for(std::uint64_t id) const {
  return connections_[id % connections_.size()];
}

void Publisher::send(Sending sending, std::optional<base::Instant> due) {
  options_.make_input(sending.id, input_);
  const base::Instant now = base::now();
  ledger::Entry attempt{.kind = ledger::EntryKind::attempt,
                        .filtered = input_.filtered,
                        .id = sending.id,
                        .key = ledger::to_key(input_.key, recorder_.layout()),
                        .at = now,
                        .source = static_cast<std::uint32_t>(sending.id % connections_.size()) + 1,
                        .order_key = input_.order_key,
                        .intended_at = due};
  if (options_.carried) {
    const auto text = json_text_at(input_.payload, *options_.carried);
    attempt.checksum = ledger::crc32c(options_.carried->empty() ? input_.payload : text.value_or(""));
  }
  recorder_.record(attempt);
  const std::shared_ptr<client::Connection>& connection = connection_for(sending.id);
  if (!connection || !connection->is_open()) {
    return not_ok(sending, {.kind = client::ErrorKind::kNotSent, .text = "not connected"}, false);
  }
  take_headers();
  const base::Instant deadline = now + options_.timeout;
  switch (options_.transport) {
    case Transport::kJetStream:
      return connection->publish_js(
          input_.subject, input_.payload, headers_, deadline,
          [this, sending](const client::PublishOutcome& outcome) { on_ack(sending, outcome); });
    case Transport::kRequest:
      return connection->request(
          input_.subject, input_.payload, headers_, deadline,
          [this, sending](const client::Outcome<client::MessageView>& reply) { on_reply(sending, reply); });
    case Transport::kCore:
      return send_core(sending, *connection, now);
  }
}

void Publisher::take_headers() {
  headers_.clear();
  for (const auto& [name, value] : input_.headers) headers_.push_back({name, value});
}

// Many core publishes are one record, where nothing tells them apart but their number.
bool Publisher::sends_runs() const {
  return options_.transport == Transport::kCore && options_.unpaced && !options_.carried && all_open();
}

void Publisher::send_run() {
  // The connections take turns by runs, not by inputs.
  const auto number = static_cast<std::uint32_t>(next_ / kRun % connections_.size());
  client::Connection& connection = *connections_[number];
  ledger::SentRun run{.first = next_, .at = base::now(), .source = number + 1, .reason = kNobodySays};
  ledger::NumberedKeys keys(recorder_.layout().key_prefix, next_);
  const auto record = [&] {
    if (run.inputs > 0) recorder_.record(run);
    run.first = next_;
    run.inputs = 0;
  };
  std::uint64_t most = kRun - next_ % kRun;
  if (options_.inputs) most = std::min(most, *options_.inputs - next_);
  for (std::uint64_t sent = 0; sent < most; ++sent) {
    options_.make_input(next_, input_);
    if (input_.order_key != run.order_key || input_.filtered != run.filtered) {
      record();
      run.order_key = input_.order_key;
      run.filtered = input_.filtered;
    }
    take_headers();
    const bool alone =
        !keys.next_is(input_.key) || !connection.publish(input_.subject, input_.payload, headers_);
    if (alone) record();
    const std::uint64_t id = next_++;
    if (alone) {
      ++open_;
      send({.id = id & kIdMask, .attempt = 1}, std::nullopt);
      return;
    }
    ++run.inputs;
  }
  record();
}

void Publisher::send_core(Sending sending, client::Connection& connection, base::Instant now) {
  const auto sent = connection.publish(input_.subject, input_.payload, headers_);
  if (!sent) return not_ok(sending, sent.error(), false);
  recorder_.record(
      ledger::Entry{.kind = ledger::EntryKind::unknown, .id = sending.id, .at = now, .reason = kNobodySays});
  ended();
}

void Publisher::on_ack(Sending sending, const client::PublishOutcome& outcome) {
  if (const auto* acked = std::get_if<client::Acknowledged>(&outcome)) {
    recorder_.record(ledger::Entry{.kind = ledger::EntryKind::ok,
                                   .duplicate = acked->duplicate,
                                   .id = sending.id,
                                   .at = base::now(),
                                   .stream_seq = acked->seq});
    ++accepted_;
    return ended();
  }
  const auto* failed = std::get_if<client::Failed>(&outcome);
  not_ok(sending, failed != nullptr ? failed->error : std::get<client::Unknown>(outcome).error,
         failed == nullptr);
}

void Publisher::on_reply(Sending sending, const client::Outcome<client::MessageView>& reply) {
  if (!reply) {
    return not_ok(sending, reply.error(), client::classify(reply.error()) == client::OutcomeClass::kUnknown);
  }
  record_reply(sending, *reply);
  ++accepted_;
  ended();
}

void Publisher::record_reply(Sending sending, const client::MessageView& reply) {
  const base::Instant at = base::now();
  recorder_.record(ledger::Outcome{.id = sending.id, .how = ledger::Acknowledged{}, .at = at});
  if (!options_.reply) return;
  std::optional<std::string> key;
  if (const auto& match = options_.reply->match) {
    key = identity_of(*match, {.subject = reply.subject, .headers = reply.headers, .payload = reply.payload});
    if (!key) {
      recorder_.doubt(fmt::format("replies without an identity ({})", match->describe()), 1,
                      DoubtAbout::effects);
      return;
    }
  } else {
    options_.make_input(sending.id, input_);
    key = input_.key;
  }
  recorder_.record(
      ledger::Effect{.stage = options_.reply->stage, .key = std::move(*key), .stream_seq = 0, .at = at});
}

void Publisher::not_ok(Sending sending, const client::OperationError& error, bool unknown) {
  const std::string reason = error.message();
  ledger::Outcome outcome{.id = sending.id, .how = ledger::Failed{reason}, .at = base::now()};
  if (unknown) outcome.how = ledger::Unknown{reason};
  recorder_.record(outcome);
  if (error.kind == client::ErrorKind::kRefused) {
    recorder_.doubt(fmt::format("inputs refused by {}: {}", input_.subject, reason));
  }
  last_failure_ = reason;
  const bool again =
      sending.attempt < options_.retry.attempts && loading_ && (!unknown || options_.retry.when_unknown);
  if (!again) return ended();
  ++sending.attempt;
  retry_later(sending);
}

void Publisher::ended() {
  --open_;
  if (options_.in_flight > 0) pump_soon();
}

void Publisher::retry_later(Sending sending) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, base::now() + options_.retry.pause);
  retries_.push_back(timer);
  timer->async_wait([this, sending, timer](const boost::system::error_code&) {
    std::erase(retries_, timer);
    if (!loading_) return ended();
    send(sending, std::nullopt);
  });
}

void Publisher::stop() {
  loading_ = false;
  wake_.cancel();
  for (const auto& timer : std::vector(retries_)) timer->cancel();
}

awaitable<void> Publisher::reach_servers(base::Instant deadline) {
  if (options_.transport != Transport::kCore) co_return;  // an outcome says as much
  for (const auto& connection : std::vector(connections_)) {
    if (connection && connection->is_open()) (void)co_await connection->ping(deadline);
  }
}

const std::shared_ptr<client::Connection>& Publisher::connection() const {
  static const std::shared_ptr<client::Connection> kNone;
  for (const auto& connection : connections_) {
    if (connection && connection->is_open()) return connection;
  }
  return kNone;
}

bool Publisher::all_open() const {
  return std::ranges::all_of(connections_, [](const auto& each) { return each && each->is_open(); });
}

void Publisher::disconnect() {
  for (auto& connection : connections_) {
    if (connection) connection->close();
    connection.reset();
  }
}

void Publisher::conclude() {
  if (options_.transport == Transport::kRequest) {
    std::uint64_t unasked = 0;
    for (const auto& connection : connections_) {
      if (connection) unasked += connection->counters().late_replies;
    }
    // One that comes after its time-out is late, and its request unknown.
    const std::uint64_t late = recorder_.ledger().counts().unknown;
    if (unasked > late) {
      recorder_.doubt(
          "replies that nobody waited for: is a request answered twice? Second replies are not counted",
          unasked - late);
    }
  }
  if (next_ == 0) {
    const std::string& why = dialer_.last_error();
    recorder_.doubt(fmt::format("nothing was sent: {}", why.empty() ? "the load never began" : why));
  } else if (accepted_ == 0 && options_.transport != Transport::kCore) {
    options_.make_input(0, input_);
    recorder_.doubt(fmt::format("no input was ever accepted; the last answer for {}: {}", input_.subject,
                                last_failure_.empty() ? "none yet" : last_failure_));
  }
}

}  // namespace squall::workload
