#include "workload/publisher.h"

namespace squall::workload {
namespace {

using boost::asio::awaitable;

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

Publisher::Publisher(PublisherOptions options, Dialer& dialer, Recorder& recorder)
    : options_(std::move(options)), dialer_(dialer), recorder_(recorder) {}

awaitable<void> Publisher::keep_connected() {
  while (true) {
    auto connection = co_await dialer_.dial("squall-load");
    if (!connection) {
      co_await sleep_until(base::now() + options_.reconnect_pause);
      continue;
    }
    connection_ = std::move(*connection);
    while (!co_await connection_->wait_closed(base::now() + std::chrono::hours(1))) {
    }
  }
}

awaitable<void> Publisher::publish_on_schedule() {
  while (!connection_) co_await sleep_until(base::now() + std::chrono::milliseconds(1));
  const base::Instant started = base::now();
  for (ledger::OpId id = 0; loading_; ++id) {
    const base::Instant due = started + due_offset(options_.pacing, id);
    if (due > base::now()) co_await sleep_until(due);
    if (loading_) publish(id);
  }
}

void Publisher::publish(ledger::OpId id) {
  const Input input = options_.make_input(id);
  recorder_.record(ledger::Attempt{.id = id, .key = input.key, .at = base::now()});
  if (!connected()) {
    recorder_.record(ledger::Outcome{.id = id, .how = ledger::Failed{"not connected"}, .at = base::now()});
    return;
  }
  std::vector<wire::Header> headers;
  for (const auto& [name, value] : input.headers) headers.push_back({name, value});
  connection_->publish_js(
      input.subject, input.payload, headers, base::now() + options_.publish_timeout,
      [this, id](client::PublishOutcome outcome) { recorder_.record(to_outcome(id, outcome)); });
}

void Publisher::disconnect() {
  if (connection_) connection_->close();
  connection_.reset();
}

}  // namespace squall::workload
