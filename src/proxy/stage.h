// A byte fault at work on one direction of one connection: chunks go in, and come out later, cut up, or not
// at all. Sans-IO; one file per fault (latency_stage.h, …). stage.cpp has the list of them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/seed.h"
#include "fault/link_fault.h"
#include "proxy/link_settings.h"

namespace squall::proxy {

struct Chunk {
  enum class Kind {
    kBytes,
    kEnd,    // the sender ended its stream: FIN, behind what came before
    kClose,  // both ends are closed, behind what came before
    kReset,  // RST to both ends, now
  };
  Kind kind = Kind::kBytes;
  std::string bytes;

  bool operator==(const Chunk&) const = default;
};
using Chunks = std::vector<Chunk>;

inline constexpr base::Instant kNotDue = base::Instant::max();

class Stage {
 public:
  virtual ~Stage() = default;
  // Lets the chunk through to `out` or keeps it. Order is kept.
  virtual void take(Chunk chunk, base::Instant now, Chunks& out) = 0;
  // When run() has something to do.
  virtual base::Instant due() const { return kNotDue; }
  virtual void run(base::Instant now, Chunks& out);
  // The fault is removed: all that was kept comes out.
  virtual void heal(Chunks& out);
  // Whether more should be read.
  virtual bool accepts() const { return true; }
  // Bytes kept.
  virtual std::size_t held() const { return 0; }
};

// Chunks that pass at their time, in order.
class DelayLine {
 public:
  // `due` is moved to that of the last one if it is earlier.
  void put(Chunk chunk, base::Instant due);
  base::Instant due() const { return waiting_.empty() ? kNotDue : waiting_.front().first; }
  base::Instant last_due() const { return last_; }
  void run(base::Instant now, Chunks& out);
  void drain(Chunks& out) { run(kNotDue, out); }
  std::size_t held() const { return held_; }
  bool empty() const { return waiting_.empty(); }

 private:
  std::deque<std::pair<base::Instant, Chunk>> waiting_;
  base::Instant last_{};
  std::size_t held_ = 0;
};

struct StageContext {
  base::Instant now{};     // the fault begins to work on the connection
  base::Instant opened{};  // the connection's
  base::Seed seed;         // of this fault, connection and direction
  std::shared_ptr<FaultEffect> effect;
};
// Nothing for faults that do not work on a stream of bytes: refuse, half_open, nats.
std::unique_ptr<Stage> make_stage(const fault::LinkAction& action, const StageContext& context);

}  // namespace squall::proxy
