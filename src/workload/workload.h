// The load and its effects: sends inputs before, through and after the faults, and reads back from where
// effects are durable what the system made of them. Everything it sees goes into the ledger.
//
// It judges nothing (check/), and it touches no stream or consumer of the system: it publishes to the input
// subject and reads through ephemeral consumers of its own. Start with WorkloadOptions; publisher.h sends,
// effect_source.h says what effects are, final_scan.h looks at what is left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/asio_run.h"
#include "base/clock.h"
#include "base/task_group.h"
#include "client/access.h"
#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"
#include "workload/command_effects.h"
#include "workload/dialer.h"
#include "workload/effect_source.h"
#include "workload/final_scan.h"
#include "workload/publisher.h"
#include "workload/recorder.h"
#include "workload/stored_effects.h"

namespace squall::workload {

struct WorkloadOptions {
  client::Access nats;
  PublisherOptions load;
  std::vector<EffectSource> effects;  // in the order in which they happen; at least one
  std::string key_prefix;             // of every identity of this run, and of no other's
  std::optional<InputStream> inputs;  // for the drain and the final scan; nothing: none (core, requests)
  // Of core publishes nobody says what still waits: the drain is over when no effect has come for so long.
  base::Nanos quiet_for = std::chrono::seconds(2);
  // Where the ledger is written as it grows; may be empty. Called on the workload's thread.
  ledger::Sink ledger_sink;
};

// How the final drain ended.
struct Drained {
  bool caught_up = false;
  bool nothing_waits = false;  // no consumer has anything left, though effects may be missing
  std::string left;            // what was not done by the deadline: "worker: 12 not delivered, 3 not acked"
};

// Thread: construct, call and destroy it on one (the control) thread; the load runs on a thread of its own.
class Workload {
 public:
  explicit Workload(WorkloadOptions options);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // Begins to read effects, and to send as soon as there is a connection; the schedule counts from then.
  void start();
  // No new inputs; returns when every open one has its outcome (at most the load's timeout later).
  void stop_load();
  // Waits until every effect is read to the end, no accepted input is unfinished, and no consumer of the
  // inputs has anything left. Call after stop_load().
  Drained drain(base::Instant deadline);
  // The final scan (final_scan.h), and the doubts that only the end shows. Call once, after drain().
  void finish(base::Instant deadline);

  Progress progress();
  // As Recorder::give_up_before(); stop_load() takes it back.
  void give_up_before(base::Instant instant);
  // Reasons why what the ledger says proves less than it seems to; complete after finish().
  std::vector<Doubt> doubts();
  // Calls `read` with the ledger as it is now, on the workload's thread.
  template <typename Read>
  auto with_ledger(Read read) -> std::invoke_result_t<Read&, const ledger::Ledger&> {
    return thread_->call([&] { return read(recorder_.ledger()); });
  }
  // Puts what the runner knows (faults, the contract) into the ledger.
  void record(ledger::Circumstance circumstance);
  // Deliveries and confirmed acks of inputs, by number: what somebody between NATS and the system saw. Does
  // not block. What comes after finish() is in nobody's verdict.
  void record(std::vector<ledger::Entry> seen);
  // Errors of writing the ledger; a ledger with a hole proves nothing.
  std::optional<std::string> write_error();

 private:
  boost::asio::awaitable<void> flush_ledger();
  boost::asio::awaitable<void> watch_inputs();
  boost::asio::awaitable<std::string> what_is_left();
  std::string what_may_still_come();
  boost::asio::awaitable<void> scan(base::Instant deadline);
  void spawn_tasks();

  WorkloadOptions options_;
  std::unique_ptr<base::ControlThread> thread_;  // the destructor ends it first: what it runs uses the rest
  // Everything below lives on thread_.
  Recorder recorder_;
  Dialer dialer_;
  Publisher publisher_;
  std::vector<std::unique_ptr<StoredEffectsReader>> stored_;
  std::vector<std::unique_ptr<CommandEffectsReader>> commands_;
  std::optional<ExhaustionWatch> exhaustion_;
  ServedConsumers served_;  // in the drain
  bool finished_ = false;
  std::uint64_t effects_seen_ = 0;  // in the drain
  base::Instant effect_seen_at_{};
  std::unique_ptr<base::TaskGroup> tasks_;
};

}  // namespace squall::workload
