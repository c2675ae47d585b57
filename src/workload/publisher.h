// Sends inputs before, through and after the faults, and records each with its outcome. Two ways to drive it:
//   open loop    inputs are due on a fixed schedule, whatever the system does; what falls due without a
//                connection has failed, and is never sent later;
//   closed loop  at most so many are without an outcome, and the next one waits for them, and for a
//   connection.
// A lost connection is made anew at once.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "workload/dialer.h"
#include "workload/identity.h"
#include "workload/input_source.h"
#include "workload/pacing.h"
#include "workload/recorder.h"

namespace squall::workload {

enum class Transport {
  kJetStream,  // ok with its PubAck
  kCore,       // never ok: nobody says what became of it
  kRequest,    // ok with its reply
};

// Sends an input again, with the same identity and message id, when its outcome was not ok.
struct RetryPolicy {
  std::uint32_t attempts = 1;  // in all; 1: never again
  base::Nanos pause = std::chrono::milliseconds(50);
  bool when_unknown = true;  // also what may have been accepted; else only what certainly was not
};

struct ReplyEffect {
  ledger::Stage stage = 0;
  std::optional<IdentityPlace> match;  // nothing: a reply is its request's
};

struct PublisherOptions {
  Transport transport = Transport::kJetStream;
  Pacing pacing;
  // 0: open loop. Else closed, and the schedule of `pacing` is kept as far as this bound lets it be.
  std::uint32_t in_flight = 0;
  bool unpaced = false;                 // closed loop only: as fast as the outcomes come
  std::optional<std::uint64_t> inputs;  // ends by itself after so many
  std::uint32_t connections = 1;        // inputs go over them in turn
  std::function<void(ledger::OpId, Input&)> make_input;
  base::Nanos timeout = std::chrono::seconds(2);  // without an answer by then the outcome is unknown
  base::Nanos reconnect_pause = std::chrono::milliseconds(2);
  RetryPolicy retry;
  // What the system hands through of an input (a JSON pointer; "": the whole payload); its checksum goes into
  // the ledger, for what shows again to be compared with. Nothing: none.
  std::optional<std::string> carried;
  std::optional<ReplyEffect> reply;  // with kRequest; Workload fills it in from its effects
};

// Thread: the workload's. Lifetime: outlives its tasks and the outcomes of what it sent.
class Publisher {
 public:
  Publisher(boost::asio::io_context& io, PublisherOptions options, Dialer& dialer, Recorder& recorder);

  std::uint32_t connections() const { return options_.connections; }
  // One task for each connection; ends by cancellation.
  boost::asio::awaitable<void> keep_connected(std::uint32_t number);
  // Sends from the first connection on, from where the schedule counts. The task ends then; the sending goes
  // on until stop() or the last input.
  boost::asio::awaitable<void> begin();

  // No new inputs, and no retries.
  void stop();
  bool stopped() const { return !loading_; }
  // Inputs that wait for an outcome or for their retry.
  std::uint64_t open() const { return open_; }
  // Ends when the servers have all that was sent (or at the deadline, or without a connection): of a core
  // publish nothing else says so, and what still waits for the kernel goes down with its connection.
  boost::asio::awaitable<void> reach_servers(base::Instant deadline);
  // An open connection; null when there is none.
  const std::shared_ptr<client::Connection>& connection() const;
  // Drops the connections; what is open gets its outcome.
  void disconnect();
  // The doubts that only the whole load shows: nothing was ever accepted.
  void conclude();

 private:
  // An input under way, in one word, so that its callback needs no heap.
  struct Sending {
    std::uint64_t id : 48;
    std::uint64_t attempt : 16;
  };

  // Sends what may be sent now, and sees to it that it is called again.
  void declare_sources();
  void pump();
  void pump_at(base::Instant due);
  void pump_soon();
  // When the next input may be sent; nothing: when something else has happened.
  std::optional<base::Instant> next_due();
  bool waits_for_kernel();
  bool all_open() const;
  bool sends_runs() const;
  void send_run();
  void take_headers();
  void send(Sending sending, std::optional<base::Instant> due);
  void send_core(Sending sending, client::Connection& connection, base::Instant now);
  void on_ack(Sending sending, const client::PublishOutcome& outcome);
  void on_reply(Sending sending, const client::Outcome<client::MessageView>& reply);
  void record_reply(Sending sending, const client::MessageView& reply);
  void not_ok(Sending sending, const client::OperationError& error, bool unknown);
  void ended();
  void retry_later(Sending sending);
  const std::shared_ptr<client::Connection>& connection_for(std::uint64_t id) const;

  boost::asio::io_context& io_;
  PublisherOptions options_;
  Dialer& dialer_;
  Recorder& recorder_;
  std::vector<std::shared_ptr<client::Connection>> connections_;
  Input input_;  // the one in the making; its memory is used again
  std::vector<wire::Header> headers_;
  boost::asio::steady_timer wake_;
  base::Instant started_{};
  std::uint64_t next_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t accepted_ = 0;
  std::string last_failure_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> retries_;
  bool loading_ = true;
  bool begun_ = false;
  bool pump_posted_ = false;
};

}  // namespace squall::workload
