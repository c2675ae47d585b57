// Publishes inputs on a fixed schedule, before, through and after the faults. A lost connection is made anew
// at once; inputs that fall due meanwhile are recorded as failed, never sent later.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "workload/dialer.h"
#include "workload/pacing.h"
#include "workload/recorder.h"

namespace squall::workload {

// One input of the system under test.
struct Input {
  std::string subject;
  std::string key;  // what the system hands through to its effects
  std::string payload;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct PublisherOptions {
  Pacing pacing;
  std::function<Input(ledger::OpId)> make_input;
  // After this long without a PubAck the outcome is unknown.
  base::Nanos publish_timeout = std::chrono::seconds(2);
  base::Nanos reconnect_pause = std::chrono::milliseconds(2);
};

// Thread: the workload's. Lifetime: outlives its two tasks.
class Publisher {
 public:
  Publisher(PublisherOptions options, Dialer& dialer, Recorder& recorder);

  // The tasks; they end by cancellation, the second one also by stop().
  boost::asio::awaitable<void> keep_connected();
  // The schedule counts from the first connection.
  boost::asio::awaitable<void> publish_on_schedule();

  // No new inputs.
  void stop() { loading_ = false; }
  // Null before the first one; may be closed.
  const std::shared_ptr<client::Connection>& connection() const { return connection_; }
  bool connected() const { return connection_ && connection_->is_open(); }
  // Drops the connection; what is open gets its outcome.
  void disconnect();

 private:
  void publish(ledger::OpId id);

  PublisherOptions options_;
  Dialer& dialer_;
  Recorder& recorder_;
  std::shared_ptr<client::Connection> connection_;
  bool loading_ = true;
};

}  // namespace squall::workload
