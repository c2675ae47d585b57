// Effects as stored in a stream: reads the stream from its start, through readers that touch no consumer of
// the system, and records what each stored message is an effect of. It survives the broker: a lost reader is
// made anew from where it was.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "client/connection.h"
#include "client/jetstream.h"
#include "workload/dialer.h"
#include "workload/recorder.h"

namespace squall::workload {

// A stage of the ledger, counted as stored in a stream.
struct EffectStream {
  std::string stage;  // "assignment"
  std::string stream;
  // The input's key out of the stored message; nothing if the message is no effect of ours. Runs on the
  // workload's thread.
  std::function<std::optional<std::string>(const client::StoredMessage&)> key_of;
};

// Thread: the workload's. Lifetime: outlives its task.
class EffectStreamReader {
 public:
  EffectStreamReader(EffectStream source, ledger::Stage stage, Dialer& dialer, Recorder& recorder);

  const std::string& stream() const { return source_.stream; }
  // The task; ends by cancellation. `pause` is between two attempts to get a reader.
  boost::asio::awaitable<void> read(base::Nanos pause);
  // Whether all that is stored in the stream now has been read. False, too, when the server does not answer.
  boost::asio::awaitable<bool> at_end(std::shared_ptr<client::Connection> connection, base::Instant deadline);

 private:
  boost::asio::awaitable<bool> read_some();

  EffectStream source_;
  ledger::Stage stage_;
  Dialer& dialer_;
  Recorder& recorder_;
  std::uint64_t next_seq_ = 1;
};

}  // namespace squall::workload
