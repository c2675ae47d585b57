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
#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"
#include "workload/dialer.h"
#include "workload/effect_stream.h"
#include "workload/pacing.h"
#include "workload/publisher.h"
#include "workload/recorder.h"

namespace squall::workload {

struct WorkloadOptions {
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
    return thread_->call([&] { return read(recorder_.ledger()); });
  }
  // Errors of writing the ledger; a ledger with a hole proves nothing.
  std::optional<std::string> write_error();

 private:
  boost::asio::awaitable<void> flush_ledger();
  boost::asio::awaitable<bool> tails_at_end(base::Instant deadline);

  WorkloadOptions options_;
  std::unique_ptr<base::ControlThread> thread_;  // the destructor ends it first: what it runs uses the rest
  // Everything below lives on thread_.
  Recorder recorder_;
  Dialer dialer_;
  Publisher publisher_;
  std::vector<std::unique_ptr<EffectStreamReader>> effects_;
  std::unique_ptr<base::TaskGroup> tasks_;
};

}  // namespace squall::workload
