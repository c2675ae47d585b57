#include "workload/workload.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "client/stream_reader.h"

namespace squall::workload {
namespace {

using boost::asio::awaitable;
using boost::asio::use_awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kConnectTimeout = milliseconds(500);
constexpr base::Nanos kFlushInterval = milliseconds(100);
constexpr std::size_t kBatch = 512;

awaitable<void> sleep_until(base::Instant instant) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_at(instant);
  co_await timer.async_wait(use_awaitable);
}

std::vector<std::string> stage_names(const std::vector<EffectStream>& effects) {
  std::vector<std::string> names;
  for (const EffectStream& effect : effects) names.push_back(effect.stage);
  return names;
}

ledger::Outcome to_outcome(ledger::OpId id, const client::PublishOutcome& outcome) {
  ledger::Outcome ended{.id = id, .how = ledger::Unknown{}, .at = base::now()};
  if (const auto* acked = std::get_if<client::Acknowledged>(&outcome)) {
    ended.how = ledger::Acknowledged{acked->seq, acked->duplicate};
  } else if (const auto* failed = std::get_if<client::Failed>(&outcome)) {
    ended.how = ledger::Failed{failed->error.message()};
  } else {
    ended.how = ledger::Unknown{std::get<client::Unknown>(outcome).error.message()};
  }
  return ended;
}

}  // namespace

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)),
      ledger_(ledger::Layout{.stages = stage_names(options_.effects),
                             .key_prefix = options_.key_prefix,
                             .anchor = base::WallAnchor::take()}),
      tails_(options_.effects.size()),
      thread_("workload") {
  SQUALL_CHECK(!options_.servers.empty() && !options_.effects.empty());
  if (options_.ledger_sink) writer_.emplace(ledger_.layout(), options_.ledger_sink);
}

Workload::~Workload() {
  thread_.call([this] {
    if (tasks_) tasks_->cancel();
    if (connection_) connection_->close();
  });
  if (tasks_) (void)thread_.run(tasks_->join(base::now() + seconds(2)));
  thread_.call([this] {
    tasks_.reset();
    connection_.reset();
    if (writer_) (void)writer_->flush();
  });
}

void Workload::start() {
  thread_.call([this] {
    tasks_ = std::make_unique<base::TaskGroup>(thread_.io().get_executor());
    tasks_->spawn("keep connected", keep_connected());
    tasks_->spawn("publish", publish_on_schedule());
    tasks_->spawn("flush the ledger", flush_ledger());
    for (std::size_t stage = 0; stage < options_.effects.size(); ++stage) {
      tasks_->spawn("read " + options_.effects[stage].stream,
                    read_effects(static_cast<ledger::Stage>(stage)));
    }
  });
}

void Workload::stop_load() {
  thread_.call([this] { loading_ = false; });
  const base::Instant deadline = base::now() + options_.publish_timeout + seconds(1);
  while (base::now() < deadline && thread_.call([this] { return ledger_.counts().open; }) > 0) {
    std::this_thread::sleep_for(milliseconds(2));
  }
}

bool Workload::drain(base::Instant deadline) {
  while (base::now() < deadline) {
    const bool at_end = thread_.run(tails_at_end(deadline));
    if (at_end && !progress().oldest_unfinished_at) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

Progress Workload::progress() {
  return thread_.call([this] {
    while (first_unfinished_ < ledger_.size() && finished(first_unfinished_)) ++first_unfinished_;
    Progress progress{.counts = ledger_.counts(), .unfinished = ledger_.unfinished()};
    if (first_unfinished_ < ledger_.size()) {
      progress.oldest_unfinished_at = ledger_.operation(first_unfinished_).attempted_at;
    }
    progress.connected = connection_ && connection_->is_open();
    return progress;
  });
}

std::optional<std::string> Workload::write_error() {
  return thread_.call([this] { return write_error_; });
}

// Finished for the purpose of "oldest unfinished": it has its final effect, or was never accepted for all
// that we know.
bool Workload::finished(ledger::OpId id) const {
  const ledger::Operation operation = ledger_.operation(id);
  if (operation.finished()) return true;
  switch (operation.state) {
    case ledger::State::open:
    case ledger::State::ok:
      return false;
    case ledger::State::failed:
    case ledger::State::unknown:
      return !operation.has_effect();
  }
  return false;
}

void Workload::record(const ledger::Record& record) {
  ledger_.add(record);
  if (!writer_ || write_error_) return;
  if (const auto written = writer_->append(record); !written) write_error_ = written.error().message();
}

awaitable<void> Workload::flush_ledger() {
  while (true) {
    co_await sleep_until(base::now() + kFlushInterval);
    if (!writer_ || write_error_) continue;
    if (const auto flushed = writer_->flush(); !flushed) write_error_ = flushed.error().message();
  }
}

awaitable<base::Result<std::shared_ptr<client::Connection>>> Workload::connect(std::string name) {
  const auto& server = options_.servers[next_server_++ % options_.servers.size()];
  client::ConnectOptions options{.host = server.host, .port = server.port, .name = std::move(name)};
  auto connection =
      co_await client::Connection::connect(thread_.io(), std::move(options), base::now() + kConnectTimeout);
  co_return connection;
}

awaitable<void> Workload::keep_connected() {
  while (true) {
    auto connection = co_await connect("squall-load");
    if (!connection) {
      co_await sleep_until(base::now() + options_.reconnect_pause);
      continue;
    }
    connection_ = std::move(*connection);
    while (!co_await connection_->wait_closed(base::now() + std::chrono::hours(1))) {
    }
  }
}

awaitable<void> Workload::publish_on_schedule() {
  while (!connection_) co_await sleep_until(base::now() + milliseconds(1));
  const base::Instant started = base::now();
  for (ledger::OpId id = 0; loading_; ++id) {
    const base::Instant due = started + due_offset(options_.pacing, id);
    if (due > base::now()) co_await sleep_until(due);
    if (loading_) publish(id);
  }
}

void Workload::publish(ledger::OpId id) {
  const Input input = options_.make_input(id);
  record(ledger::Attempt{.id = id, .key = input.key, .at = base::now()});
  if (!connection_ || !connection_->is_open()) {
    record(ledger::Outcome{.id = id, .how = ledger::Failed{"not connected"}, .at = base::now()});
    return;
  }
  std::vector<wire::Header> headers;
  for (const auto& [name, value] : input.headers) headers.push_back({name, value});
  connection_->publish_js(input.subject, input.payload, headers, base::now() + options_.publish_timeout,
                          [this, id](client::PublishOutcome outcome) { record(to_outcome(id, outcome)); });
}

awaitable<void> Workload::read_effects(ledger::Stage stage) {
  while (true) {
    const bool progressed = co_await read_some_effects(stage);
    if (!progressed) co_await sleep_until(base::now() + options_.reconnect_pause);
  }
}

// Reads until the connection or the reader's consumer is gone. False: could not even begin (no server, or
// the stream is not there yet).
awaitable<bool> Workload::read_some_effects(ledger::Stage stage) {
  const EffectStream& source = options_.effects[stage];
  Tail& tail = tails_[stage];
  auto connection = co_await connect("squall-effects");
  if (!connection) co_return false;
  client::StreamReaderOptions options{.stream = source.stream, .first_seq = tail.next_seq};
  auto reader =
      co_await client::StreamReader::open(*connection, std::move(options), base::now() + seconds(1));
  if (!reader) co_return false;
  while (true) {
    auto batch = co_await (*reader)->next_batch(kBatch, base::now() + seconds(1));
    if (!batch) co_return true;
    for (const client::StoredMessage& message : *batch) {
      tail.next_seq = message.stream_seq + 1;
      const auto key = source.key_of(message);
      if (!key) continue;
      record(ledger::Effect{.stage = stage,
                            .key = *key,
                            .stream_seq = message.stream_seq,
                            .at = ledger_.layout().anchor.to_mono(message.stored_at)});
    }
  }
}

// Whether every effect stream has been read up to what is stored in it now.
awaitable<bool> Workload::tails_at_end(base::Instant deadline) {
  if (!connection_ || !connection_->is_open()) co_return false;
  const std::shared_ptr<client::Connection> connection = connection_;
  client::JetStream jetstream(connection);
  for (std::size_t stage = 0; stage < tails_.size(); ++stage) {
    const base::Instant by = std::min(deadline, base::now() + milliseconds(500));
    const auto status = co_await jetstream.stream(options_.effects[stage].stream, by);
    if (!status || tails_[stage].next_seq <= status->last_seq) co_return false;
  }
  co_return true;
}

}  // namespace squall::workload
