// The load and its effects: publishes inputs on a fixed schedule, before, through and after the faults, and
// reads back from the output streams what the system made of them. Everything it sees goes into the ledger.
//
// It judges nothing (check/), and it touches no stream or consumer of the system: it publishes to the input
// subject and reads through ephemeral consumers of its own. A lost connection is made anew at once; inputs
// that fall due meanwhile are recorded as failed, never sent later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/asio_run.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task_group.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"
#include "workload/pacing.h"

namespace squall::workload {

// One input of the system under test.
struct Input {
  std::string subject;
  std::string key;  // what the system hands through to its effects
  std::string payload;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A stage of the ledger, counted as stored in a stream.
struct EffectStream {
  std::string stage;  // "assignment"
  std::string stream;
  // The input's key out of the stored message; nothing if the message is no effect of ours. Runs on the
  // workload's thread.
  std::function<std::optional<std::string>(const client::StoredMessage&)> key_of;
};

struct WorkloadOptions {
  struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
  };
  std::vector<Endpoint> servers;  // tried in turn
  Pacing pacing;
  std::function<Input(ledger::OpId)> make_input;
  // After this long without a PubAck the outcome is unknown.
  base::Nanos publish_timeout = std::chrono::seconds(2);
  base::Nanos reconnect_pause = std::chrono::milliseconds(2);
  std::vector<EffectStream> effects;  // in the order in which they happen
  std::string key_prefix;
  // Where the ledger is written as it grows; may be empty. Called on the workload's thread.
  ledger::Sink ledger_sink;
};

// What the control thread asks while the load runs.
struct Progress {
  ledger::Counts counts;
  std::uint64_t unfinished = 0;
  // When the oldest input without its final effect was attempted; nothing when all are finished.
  std::optional<base::Instant> oldest_unfinished_at;
  bool connected = false;
};

// Thread: construct, call and destroy it on one (the control) thread; the load runs on a thread of its own.
class Workload {
 public:
  explicit Workload(WorkloadOptions options);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // Begins to read effects, and to publish as soon as there is a connection; the schedule counts from then.
  void start();
  // No new inputs; returns when every open one has its outcome (at most publish_timeout later).
  void stop_load();
  // Waits until every effect stream is read to its end and no accepted input is unfinished. False: not by
  // the deadline. Call after stop_load().
  bool drain(base::Instant deadline);

  Progress progress();
  // Calls `read` with the ledger as it is now, on the workload's thread.
  template <typename Read>
  auto with_ledger(Read read) -> std::invoke_result_t<Read&, const ledger::Ledger&> {
    return thread_.call([&] { return read(ledger_); });
  }
  // Errors of writing the ledger; a ledger with a hole proves nothing.
  std::optional<std::string> write_error();

 private:
  struct Tail {
    std::uint64_t next_seq = 1;
  };

  boost::asio::awaitable<void> keep_connected();
  boost::asio::awaitable<void> publish_on_schedule();
  boost::asio::awaitable<void> read_effects(ledger::Stage stage);
  boost::asio::awaitable<bool> read_some_effects(ledger::Stage stage);
  boost::asio::awaitable<void> flush_ledger();
  boost::asio::awaitable<bool> tails_at_end(base::Instant deadline);
  boost::asio::awaitable<base::Result<std::shared_ptr<client::Connection>>> connect(std::string name);
  void publish(ledger::OpId id);
  void record(const ledger::Record& record);
  bool finished(ledger::OpId id) const;

  WorkloadOptions options_;
  // Everything below lives on thread_.
  ledger::Ledger ledger_;
  std::optional<ledger::Writer> writer_;
  std::optional<std::string> write_error_;
  std::shared_ptr<client::Connection> connection_;
  std::vector<Tail> tails_;
  std::size_t next_server_ = 0;
  bool loading_ = true;
  ledger::OpId first_unfinished_ = 0;  // all before it are finished for good
  std::unique_ptr<base::TaskGroup> tasks_;
  base::ControlThread thread_;
};

}  // namespace squall::workload
