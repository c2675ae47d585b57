// Reads the effects that are stored in a stream. It survives the broker: a lost reader is made anew from
// where it was.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "client/connection.h"
#include "client/stream_reader.h"
#include "workload/dialer.h"
#include "workload/effect_source.h"
#include "workload/recorder.h"

namespace squall::workload {

// Thread: the workload's. Lifetime: outlives its task.
class StoredEffectsReader {
 public:
  StoredEffectsReader(StoredEffects source, ledger::Stage stage, Dialer& dialer, Recorder& recorder);

  const std::string& stream() const { return source_.stream; }
  // The task; ends by cancellation. `pause` is between two attempts to get a reader.
  boost::asio::awaitable<void> read(base::Nanos pause);
  // After the task: removes the consumer that it read by, which the server would else keep for a while. Best
  // effort.
  boost::asio::awaitable<void> leave(base::Instant deadline);
  // Whether reading has begun, so that nothing of what is published from now on is missed.
  bool begun() const { return begun_; }
  // Whether all that is stored in the stream now has been read. False, too, when the server does not answer.
  boost::asio::awaitable<bool> at_end(std::shared_ptr<client::Connection> connection, base::Instant deadline);
  // The stream is not there any more, as at_end() saw it.
  bool gone() const { return gone_; }
  // The doubts that only the end shows: the stream was never there, effects without an identity.
  void conclude();

 private:
  boost::asio::awaitable<bool> read_some();
  boost::asio::awaitable<bool> find_start(std::shared_ptr<client::Connection> connection);
  void begin_anew(const client::StreamStatus& status);
  void take(const client::StoredMessage& message);
  // Messages that were removed before we could read them.
  void note_gap(std::uint64_t missed);

  StoredEffects source_;
  ledger::Stage stage_;
  Dialer& dialer_;
  Recorder& recorder_;
  std::unique_ptr<client::StreamReader> reader_;
  std::uint64_t next_seq_ = 1;
  // When the stream was made, as the server says it; another time is another stream of the same name.
  std::string made_at_;
  // What the sequences of this stream count on from: those of the ones before it.
  std::uint64_t before_ = 0;
  bool started_ = false;
  bool begun_ = false;
  bool keeps_by_limits_ = true;
  bool gone_ = false;
  std::uint64_t without_identity_ = 0;
  std::string last_error_;
};

}  // namespace squall::workload
